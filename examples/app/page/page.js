'use strict';
// State is what was sent and what came back; draw() makes the page of it.

const LONGEST = 1280; // pixels a side: more tells the networks nothing
const LEAST = 8; // a box of fewer pixels on the screen was a click
const OWN = '#333333';

const $ = id => document.getElementById(id);
const state = {file: null, size: null, items: [], own: null, chosen: 0};
let shop = null;
let running = null; // the search that is under way
let opened = 0; // photos so far

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === 'onclick' || key === 'onerror') made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

function say(text, kind = '') {
  $('status').textContent = text;
  $('status').className = kind;
}

function colourOf(item) {
  return shop.colours[item.category] ?? OWN;
}

function nameOf(item) {
  return item.category === null ? 'my box' : item.category.replace('_', ' / ');
}

// Scaled down here, a photo is sent sooner and the server has less to decode.
// What this browser cannot read goes as it is: the server says what it is.
async function scaledDown(file) {
  let image;
  try {
    image = await createImageBitmap(file, {imageOrientation: 'from-image'});
  } catch {
    return file;
  }
  const scale = LONGEST / Math.max(image.width, image.height);
  if (scale >= 1) return file;
  const canvas = element('canvas');
  canvas.width = Math.round(image.width * scale);
  canvas.height = Math.round(image.height * scale);
  canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise(done => canvas.toBlob(done, 'image/jpeg', .92));
}

async function ask(box) {
  const query = new URLSearchParams({k: $('k').value, category: $('category').value});
  if (box) query.set('box', box.map(x => x.toFixed(1)).join(','));
  const answer = await fetch(`search?${query}`, {
    method: 'POST', body: state.file, signal: running.signal,
    headers: {'Content-Type': 'application/octet-stream'}});
  let content = {};
  try {
    content = await answer.json();
  } catch { /* not from the app itself: a proxy's page */ }
  if (!answer.ok) throw new Error(content.detail ?? `the server answers ${answer.status}`);
  return content;
}

// what: a search of 'all', or of the box that was drawn last alone
async function search(what = 'all') {
  if (!state.file) return;
  running?.abort();
  const mine = running = new AbortController();
  say('searching …', 'busy');
  try {
    let seconds = 0;
    if (what === 'all') {
      const found = await ask(null);
      if (mine !== running) return;
      state.items = found.items;
      state.size = [found.height, found.width];
      seconds += found.seconds;
    }
    if (state.own) {
      const found = await ask(state.own.bbox);
      if (mine !== running) return;
      state.own = found.items[0];
      seconds += found.seconds;
    }
    const n = state.items.length;
    if (what === 'own') say(`Your box was searched for in ${seconds.toFixed(1)} s.`);
    else if (n) say(`${n} item${n === 1 ? '' : 's'} found in ${seconds.toFixed(1)} s.`);
    else say('No item was found. Draw a box around one.');
  } catch (error) {
    if (error.name === 'AbortError' || mine !== running) return;
    say(error instanceof TypeError ? 'The server cannot be reached.' : `${error.message}.`, 'bad');
  }
  draw();
}

async function open(file) {
  const mine = ++opened;
  running?.abort();
  running = null;
  Object.assign(state, {file: null, size: null, items: [], own: null, chosen: 0});
  setDrawing(false);
  say('reading …', 'busy');
  draw();
  const scaled = await scaledDown(file);
  if (mine !== opened) return; // another was chosen meanwhile
  state.file = scaled;
  URL.revokeObjectURL($('photo').src);
  $('photo').src = URL.createObjectURL(scaled);
  try {
    await $('photo').decode();
    $('stage').hidden = false;
  } catch {
    $('stage').hidden = true; // the server will say why
  }
  if (mine === opened) await search();
}

function all() {
  return state.own ? [...state.items, state.own] : state.items;
}

function choose(i) {
  state.chosen = i;
  draw();
}

function draw() {
  const items = all();
  state.chosen = Math.min(state.chosen, Math.max(items.length - 1, 0));
  $('draw').hidden = !state.size;
  $('boxes').replaceChildren(...items.map((item, i) => {
    const [height, width] = state.size;
    const [top, left, bottom, right] = item.bbox;
    const button = element('button', {
      class: top > .06 * height ? 'box' : 'box inside', type: 'button', 'aria-selected': i === state.chosen, onclick: () => choose(i),
      'aria-label': nameOf(item),
    }, element('span', {}, nameOf(item)));
    Object.assign(button.style, {
      top: `${100 * top / height}%`, left: `${100 * left / width}%`,
      height: `${100 * (bottom - top) / height}%`, width: `${100 * (right - left) / width}%`,
      // small ones are to be reached above large ones
      zIndex: 1000 - Math.round(999 * (bottom - top) * (right - left) / (height * width)),
    });
    button.style.setProperty('--colour', colourOf(item));
    return button;
  }));
  $('items').replaceChildren(...items.map((item, i) => {
    const score = item.score === null ? '' : ` ${item.score.toFixed(2)}`;
    const button = element('button', {
      type: 'button', role: 'tab', 'aria-selected': i === state.chosen, onclick: () => choose(i),
    }, nameOf(item) + score);
    button.style.setProperty('--colour', colourOf(item));
    return button;
  }));
  const products = items[state.chosen]?.products ?? [];
  $('products').replaceChildren(...products.map(product => {
    const picture = element('img', {
      src: product.image, alt: `Product ${product.id}`, loading: 'lazy',
      onerror: () => picture.replaceWith(element('div', {class: 'gone'}, 'no picture'))});
    const name = product.url
      ? element('a', {href: product.url, target: '_blank', rel: 'noopener noreferrer'}, product.id)
      : product.id;
    return element('li', {}, picture, element('p', {},
      element('b', {}, product.price ?? product.distance.toPrecision(3)),
      element('small', {}, name,
        product.price === null ? '' : ` · ${product.distance.toPrecision(3)}`)));
  }));
  if (items.length && !products.length) {
    $('products').append(element('li', {class: 'none'}, element('p', {}, 'no product of this category')));
  }
}

function setDrawing(on) {
  $('draw').setAttribute('aria-pressed', on);
  $('stage').classList.toggle('drawing', on);
}

// Where the pointer is on the photo, from 0 to 1.
function at(event) {
  const place = $('photo').getBoundingClientRect();
  const part = (x, start, size) => Math.min(Math.max((x - start) / size, 0), 1);
  return [part(event.clientY, place.top, place.height), part(event.clientX, place.left, place.width)];
}

let start = null; // of the box that is being drawn
function onPointer(event) {
  if (!$('stage').classList.contains('drawing')) return;
  if (event.type === 'pointerdown') {
    start = at(event);
    $('stage').setPointerCapture(event.pointerId);
  }
  if (start === null) return;
  event.preventDefault();
  if (event.type === 'pointercancel') {
    start = null;
    draw();
    return;
  }
  const stop = at(event);
  const [height, width] = state.size;
  const bbox = [
    Math.min(start[0], stop[0]) * height, Math.min(start[1], stop[1]) * width,
    Math.max(start[0], stop[0]) * height, Math.max(start[1], stop[1]) * width];
  const place = $('photo').getBoundingClientRect();
  const large = Math.min(
    (bbox[2] - bbox[0]) / height * place.height, (bbox[3] - bbox[1]) / width * place.width) >= LEAST;
  if (event.type === 'pointerup') start = null;
  if (!large) {
    if (event.type === 'pointerup') say('Drag from one corner of the item to the other.');
    return;
  }
  state.own = {bbox, category: null, score: null, products: state.own?.products ?? []};
  state.chosen = state.items.length;
  draw();
  if (event.type === 'pointerup') {
    setDrawing(false);
    state.own.products = [];
    search('own');
  }
}

async function begin() {
  for (const kind of ['pointerdown', 'pointermove', 'pointerup', 'pointercancel']) {
    $('stage').addEventListener(kind, onPointer);
  }
  $('file').addEventListener('change', event => {
    if (event.target.files.length) open(event.target.files[0]);
    event.target.value = ''; // the same file may be chosen again
  });
  // dropped beside the field, a photo would open in place of this page
  document.addEventListener('dragover', event => {
    event.preventDefault();
    $('drop').classList.add('over');
  });
  document.addEventListener('dragleave', () => $('drop').classList.remove('over'));
  document.addEventListener('drop', event => {
    event.preventDefault();
    $('drop').classList.remove('over');
    const file = event.dataTransfer.files[0];
    if (file) open(file);
  });
  $('draw').addEventListener('click', () => setDrawing($('draw').getAttribute('aria-pressed') !== 'true'));
  $('k').addEventListener('change', () => search());
  $('category').addEventListener('change', () => search());

  try {
    shop = await (await fetch('shop')).json();
  } catch {
    say('The server cannot be reached.', 'bad');
    return;
  }
  $('about').textContent = `${shop.n_product.toLocaleString('en')} products`;
  $('category-label').hidden = !shop.categories.length;
  for (const name of shop.categories) {
    $('category').append(element('option', {value: name}, name.replace('_', ' / ')));
  }
  for (const option of [...$('k').options]) option.hidden = Number(option.value) > shop.max_k;
  $('samples').append(...shop.samples.map((path, i) => element('button', {
    type: 'button', 'aria-label': `Sample ${i + 1}`,
    onclick: async () => {
      try {
        open(await (await fetch(path)).blob());
      } catch {
        say('The server cannot be reached.', 'bad');
      }
    },
  }, element('img', {src: path, alt: ''}))));
}

begin();
