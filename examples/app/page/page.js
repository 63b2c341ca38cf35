'use strict';
// A view is a photo, or the numbers of one item alone, and what was found. It is kept for
// this tab: by its id in sessionStorage, and named by the state of the history.

const LONGEST = 1280; // pixels a side: more tells the networks nothing
const LEAST = 8; // a box of fewer pixels on the screen was a click
const MIDDLE = .15; // of a box, a part of its size around the centre
const LARGEST = 4e6; // characters of a view that is kept: browsers keep some five million
const OWN = '#333333';

const $ = id => document.getElementById(id);
const wanted = {k: 8, category: 'same'};
let view = null; // {id, photo, sample, size, items, chosen}
let shop = null;
let running = null; // the search of a photo that is under way
let asked = 0; // searches for an item so far
let last = null; // where the photo was clicked last

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

function say(text, kind = '') {
  $('status').textContent = text;
  $('status').className = kind;
}

function sayWhy(error) {
  if (error.name === 'AbortError') return;
  say(error instanceof TypeError ? words.unreachable : error.message, 'bad');
}

function nameOf(item) {
  if (item.drawn) return words.own;
  if (item.category === null) return words.item;
  const same = view.items.filter(other => other.category === item.category);
  const name = categoryName(item.category);
  return same.length > 1 ? `${name} ${same.indexOf(item) + 1}` : name;
}

// ---------------------------------------------------------------- the server

async function ask(path, query, how) {
  const answer = await fetch(`${path}?${query}`, how);
  let content = {};
  try {
    content = await answer.json();
  } catch { /* not from the app itself: a proxy's page */ }
  if (!answer.ok) throw new Error(words.refused(answer.status, content.detail, path));
  return content;
}

function settings() {
  return new URLSearchParams(wanted);
}

// Searches a photo for all its items, or for a box alone.
async function askForItems(blob, box = null) {
  running?.abort();
  running = new AbortController();
  const query = settings();
  const searched = `${query}`;
  if (box) query.set('box', box.map(x => x.toFixed(1)).join(','));
  const mine = running;
  const found = await ask('search', query, {
    method: 'POST', body: blob, signal: mine.signal,
    headers: {'Content-Type': 'application/octet-stream'}});
  if (mine !== running) throw new DOMException('a later one', 'AbortError');
  for (const item of found.items) Object.assign(item, {searched, drawn: box !== null});
  return found;
}

// Searches for the chosen item again, if k or the category is another.
async function refresh() {
  const item = view?.items[view.chosen];
  const query = settings();
  const searched = `${query}`;
  const mine = ++asked; // whatever is on its way, another is wanted now
  if (!item || item.searched === searched) return;
  query.set('embedding', item.embedding);
  for (const name of [item.category, item.second_category]) {
    if (name) query.append('item_category', name);
  }
  try {
    const products = await ask('similar', query);
    if (mine !== asked || item !== view?.items[view.chosen]) return;
    Object.assign(item, {products, searched});
    drawProducts();
    remember();
  } catch (error) {
    if (mine === asked) sayWhy(error);
  }
}

// ---------------------------------------------------------------- photos

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
  canvas.width = Math.max(1, Math.round(image.width * scale));
  canvas.height = Math.max(1, Math.round(image.height * scale));
  const context = canvas.getContext('2d');
  context.fillStyle = 'white'; // what is transparent lies on white, as for the server
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise(done => canvas.toBlob(blob => done(blob ?? file), 'image/jpeg', .92));
}

function addressOf(blob) {
  return new Promise((done, fail) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = () => fail(new Error(words.unreadable));
    reader.readAsDataURL(blob);
  });
}

// Shows a photo; whether this browser can.
async function show(photo) {
  if (photo !== $('photo').getAttribute('src')) {
    $('photo').src = photo;
  }
  try {
    await $('photo').decode();
    return true;
  } catch {
    return false;
  }
}

// The search before it, if it is under way, ends.
function begins() {
  running?.abort();
  running = new AbortController();
  say(words.searching, 'busy');
  return running;
}

async function openFile(file) {
  const mine = begins();
  try {
    const blob = await scaledDown(file);
    const photo = await addressOf(blob);
    if (mine === running) await open(blob, photo, null);
  } catch (error) {
    if (mine !== running) return;
    sayWhy(error);
    await draw(); // as it was before
  }
}

async function openSample(number, chosen = 0, how = 'push') {
  const photo = shop.samples[number];
  const mine = begins();
  try {
    const blob = await (await fetch(photo)).blob();
    if (mine === running) await open(blob, photo, number, chosen, how);
  } catch (error) {
    if (mine !== running) return;
    sayWhy(error);
    await draw(); // as it was before
  }
}

// Until an answer has come, what was found last is kept.
async function open(blob, photo, sample, chosen = 0, how = 'push') {
  setDrawing(false);
  document.body.classList.add('busy');
  const answer = askForItems(blob);
  const mine = running;
  answer.catch(() => {}); // it is awaited below
  if (await preview(photo) && mine === running) {
    document.body.classList.remove('empty');
    $('stage').hidden = false;
  }
  try {
    const found = await answer;
    view = {
      id: `view-${Date.now()}`, photo, sample, size: [found.height, found.width],
      items: found.items, chosen: Math.min(chosen, Math.max(found.items.length - 1, 0))};
    setSheet(true);
    await draw();
    remember(how);
    say(found.items.length ? words.found(found.items.length, found.seconds.toFixed(1)) : words.none);
    await refresh(); // k or the category may have been changed meanwhile
  } catch (error) {
    if (mine !== running) return;
    sayWhy(error);
    await draw();
  }
}

// Shows a photo if the browser can; otherwise the last photo stays. Returns whether it can.
async function preview(photo) {
  const image = new Image();
  image.src = photo;
  try {
    await image.decode();
  } catch {
    return false;
  }
  return show(photo);
}

// ---------------------------------------------------------------- history

// The part of the address after #, which no server is told.
function address() {
  const item = view.items[view.chosen];
  const hash = settings();
  if (view.sample !== null && !item?.drawn) {
    hash.set('sample', view.sample);
    hash.set('item', view.chosen);
  } else if (item) {
    hash.set('like', item.embedding);
    hash.set('of', [item.category, item.second_category].filter(Boolean).join());
  }
  return `#${hash}`;
}

function remember(how = 'replace') {
  const {chosen, ...kept} = view;
  const text = JSON.stringify(kept);
  for (;;) {
    try {
      sessionStorage.setItem(view.id, text);
      break;
    } catch { // it is full: the oldest goes; a view that never fits drives none out
      if (text.length > LARGEST) break;
      const oldest = Object.keys(sessionStorage).filter(
        key => key.startsWith('view-') && key !== view.id).sort()[0];
      if (oldest === undefined) break;
      sessionStorage.removeItem(oldest);
    }
  }
  history[`${how}State`]({id: view.id, chosen, ...wanted}, '', address());
}

async function restore(state) {
  running?.abort();
  running = null;
  const hash = new URLSearchParams(location.hash.slice(1));
  const sample = Number(hash.get('sample') ?? NaN);
  const k = Number(state?.k ?? hash.get('k'));
  const category = state?.category ?? hash.get('category');
  wanted.k = [...$('k').options].some(option => Number(option.value) === k) ? k : 8;
  wanted.category = category === 'any' || shop.categories.includes(category) ? category : 'same';
  say('');
  const kept = state && JSON.parse(sessionStorage.getItem(state.id));
  if (kept) {
    view = {...kept, chosen: state.chosen};
    await draw();
    await refresh();
  } else if (hash.get('like')) {
    const [first = null, second = null] = (hash.get('of') ?? '').split(',').filter(Boolean);
    view = {
      id: `view-${Date.now()}`, photo: null, sample: null, size: null, chosen: 0, items: [{
        category: first, second_category: second, embedding: hash.get('like'), score: null,
        drawn: false, bbox: null, products: [], searched: ''}]};
    await draw();
    await refresh();
  } else if (shop.samples[sample]) {
    await openSample(sample, Number(hash.get('item')) || 0, 'replace');
  } else {
    view = null;
    await draw();
  }
}

// ---------------------------------------------------------------- drawing

async function draw() {
  const body = document.body.classList;
  body.remove('busy');
  body.toggle('empty', !view);
  const now = view;
  const shown = Boolean(view?.photo) && await show(view.photo);
  if (now !== view) return;
  $('stage').hidden = !shown;
  $('draw').hidden = !shown;
  $('shared').hidden = !view || Boolean(view.photo);
  drawItems();
}

function drawItems() {
  const items = view?.items ?? [];
  $('found').hidden = !items.length;
  const marked = items.filter(item => item.bbox);
  $('boxes').replaceChildren(
    ...marked.map((item, i) => frame(item.bbox, i === view.chosen, colourOf(item))),
    ...marked.map((item, i) => itemButton(item, i, {class: 'label', 'aria-pressed': i === view.chosen})));
  $('items').replaceChildren(...items.map((item, i) => itemButton(
    item, i, {role: 'tab', 'aria-selected': i === view.chosen})));
  $('items').hidden = items.length < 2;
  place();
  drawProducts();
}

function colourOf(item) {
  return shop.colours[item.category] ?? OWN;
}

function itemButton(item, i, attributes) {
  const button = element(
    'button', {type: 'button', onclick: () => choose(i), ...attributes}, nameOf(item));
  button.style.setProperty('--colour', colourOf(item));
  return button;
}

function frame([top, left, bottom, right], chosen, colour) {
  const [height, width] = view.size;
  const made = element('div', {class: chosen ? 'box chosen' : 'box'});
  Object.assign(made.style, {
    top: `${100 * top / height}%`, left: `${100 * left / width}%`,
    height: `${100 * (bottom - top) / height}%`, width: `${100 * (right - left) / width}%`});
  made.style.setProperty('--colour', colour);
  return made;
}

// Puts each label beside its box, where none lies yet.
function place() {
  const [width, height] = [$('boxes').clientWidth, $('boxes').clientHeight];
  if (!height) return;
  const taken = [];
  const labels = document.querySelectorAll('.label');
  labels.forEach((label, i) => {
    label.hidden = false;
    const {height: h, width: w} = label.getBoundingClientRect();
    const [top, left, bottom, right] = view.items[i].bbox.map(
      (x, j) => x / view.size[j % 2] * (j % 2 ? width : height));
    const sides = [left, right - w, right, left - w];
    const spots = [
      [top - h, left], [top - h, right - w], [top, left], [top, right - w], [bottom, left],
      [bottom, right - w], [top, right], [top, left - w]];
    const rows = Array.from({length: Math.floor(height / h)}, (_, row) => row * h);
    rows.sort((a, b) => Math.abs(a - top) - Math.abs(b - top));
    for (const y of rows) spots.push(...sides.map(x => [y, x]));
    const free = spots.map(([y, x]) => [
      Math.min(Math.max(y, 0), height - h), Math.min(Math.max(x, 0), width - w)]).find(
      ([y, x]) => taken.every(([y2, x2, h2, w2]) =>
        y >= y2 + h2 || y2 >= y + h || x >= x2 + w2 || x2 >= x + w));
    label.hidden = !free; // its tab is there
    if (!free) return;
    taken.push([...free, h, w]);
    [label.style.top, label.style.left] = free.map(x => `${x}px`);
  });
}

function drawProducts() {
  const item = view?.items[view.chosen];
  if (!item) return;
  const {category} = wanted;
  $('name').textContent = nameOf(item);
  $('sure').textContent = item.drawn ? words.drawn
    : item.score === null ? '' : words.sure(Math.round(100 * item.score));
  $('same').hidden = item.category === null;
  $('same').textContent = item.category === null ? '' : words.same(categoryName(item.category));
  $('same').setAttribute('aria-pressed', category === 'same');
  $('any').setAttribute(
    'aria-pressed', category === 'any' || (category === 'same' && item.category === null));
  $('category').value = shop.categories.includes(category) ? category : '';
  $('category').classList.toggle('set', $('category').value !== '');
  $('k').value = wanted.k;
  drawCrop(item);
  $('products').replaceChildren(...item.products.map(card));
  $('legend').hidden = !item.products.some(product => product.similarity !== null);
  if (!item.products.length && item.searched) {
    $('products').append(element('li', {class: 'none'}, words.noProduct));
  }
}

function drawCrop(item) {
  const canvas = $('crop');
  canvas.hidden = !item.bbox || $('stage').hidden;
  if (canvas.hidden) return;
  const scale = $('photo').naturalWidth / view.size[1];
  const [top, left, bottom, right] = item.bbox.map(x => x * scale);
  const small = Math.min(1, 320 / Math.max(bottom - top, right - left));
  canvas.width = Math.max(1, Math.round(small * (right - left)));
  canvas.height = Math.max(1, Math.round(small * (bottom - top)));
  canvas.setAttribute('aria-label', nameOf(item));
  canvas.getContext('2d').drawImage(
    $('photo'), left, top, right - left, bottom - top, 0, 0, canvas.width, canvas.height);
}

function card(product) {
  const name = product.name ?? (product.category ? categoryName(product.category) : words.item);
  const link = (...children) => product.url ? element(
    'a', {href: product.url, target: '_blank', rel: 'noopener noreferrer'}, ...children) : children[0];
  const picture = element('img', {
    src: product.image, alt: name, loading: 'lazy',
    onerror: () => picture.replaceWith(element('div', {class: 'gone'}, words.noPicture))});
  const made = element('li', {}, link(picture), element('h3', {}, link(name)));
  if (product.price !== null) made.append(element('p', {class: 'price'}, product.price));
  if (product.similarity !== null) {
    const alike = words.alike(Math.round(100 * product.similarity));
    const bar = element('i');
    bar.style.width = `${100 * product.similarity}%`;
    made.append(element('span', {class: 'bar', role: 'img', 'aria-label': alike, title: alike}, bar));
  }
  made.append(element('small', {title: product.id}, product.id));
  return made;
}

// ---------------------------------------------------------------- what a person does

function choose(i) {
  view.chosen = i;
  setSheet(true);
  $('found').scrollTop = 0;
  drawItems();
  $('items').children[i].scrollIntoView({block: 'nearest', inline: 'center'});
  remember();
  refresh();
}

// On a phone, the products cover the lower half.
function setSheet(open) {
  document.body.classList.toggle('closed', !open);
  $('sheet').setAttribute('aria-expanded', open);
}

function want(change) {
  Object.assign(wanted, change);
  if (!view) return;
  drawProducts();
  remember();
  refresh();
}

// The middle of a box is its own; elsewhere the smaller box is chosen. A second click at
// the same place chooses the next.
function pick(event) {
  if (!view || isBusy() || $('stage').classList.contains('drawing')
      || event.target.closest('.label')) return;
  const part = at(event);
  const [y, x] = part.map((z, j) => z * view.size[j]);
  const here = view.items.map((item, i) => {
    const [top, left, bottom, right] = item.bbox;
    const [h, w] = [bottom - top, right - left];
    const off = Math.max(Math.abs(y - top - h / 2) / h, Math.abs(x - left - w / 2) / w);
    return {i, off, order: [off > MIDDLE, h * w]};
  }).filter(({off}) => off <= .5);
  here.sort(({order: [a, b]}, {order: [c, d]}) => a - c || b - d);
  if (!here.length) return;
  const again = last && Math.hypot(part[0] - last[0], part[1] - last[1]) < .03;
  last = part;
  const now = again ? here.findIndex(({i}) => i === view.chosen) : -1;
  choose(here[(now + 1) % here.length].i);
}

// Another photo is being searched: the boxes and products are those of the one before.
function isBusy() {
  return document.body.classList.contains('busy');
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
  document.querySelector('.box.new')?.remove();
  const stop = at(event);
  const [height, width] = view.size;
  const bbox = [
    Math.min(start[0], stop[0]) * height, Math.min(start[1], stop[1]) * width,
    Math.max(start[0], stop[0]) * height, Math.max(start[1], stop[1]) * width];
  const place = $('photo').getBoundingClientRect();
  const large = Math.min(
    (bbox[2] - bbox[0]) / height * place.height, (bbox[3] - bbox[1]) / width * place.width) >= LEAST;
  if (event.type === 'pointerup' || event.type === 'pointercancel') start = null;
  if (event.type === 'pointerup') {
    if (large) searchBox(bbox);
    else say(words.drag);
  } else if (large && start !== null) {
    const made = frame(bbox, true, OWN);
    made.classList.add('new');
    $('boxes').append(made);
  }
}

async function searchBox(bbox) {
  setTimeout(setDrawing, 0, false); // after the click that ends the drawing
  say(words.searching, 'busy');
  const now = view;
  try {
    const found = await askForItems(await (await fetch(view.photo)).blob(), bbox);
    if (now !== view) return;
    view.items = [...view.items.filter(item => !item.drawn), found.items[0]];
    choose(view.items.length - 1);
    say(words.ownFound(found.seconds.toFixed(1)));
  } catch (error) {
    sayWhy(error);
  }
}

async function begin() {
  translate();
  for (const kind of ['pointerdown', 'pointermove', 'pointerup', 'pointercancel']) {
    $('stage').addEventListener(kind, onPointer);
  }
  $('stage').addEventListener('click', pick);
  new ResizeObserver(place).observe($('stage'));
  for (const id of ['file', 'camera']) {
    $(id).addEventListener('change', event => {
      if (event.target.files.length) openFile(event.target.files[0]);
      event.target.value = ''; // the same file may be chosen again
    });
  }
  // without this, a dropped photo would open in place of the page
  document.addEventListener('dragover', event => {
    event.preventDefault();
    document.body.classList.add('over');
  });
  document.addEventListener('dragleave', () => document.body.classList.remove('over'));
  document.addEventListener('drop', event => {
    event.preventDefault();
    document.body.classList.remove('over');
    const file = event.dataTransfer.files[0];
    if (file) openFile(file);
  });
  $('draw').addEventListener('click', () => setDrawing(
    !isBusy() && $('draw').getAttribute('aria-pressed') !== 'true'));
  $('same').addEventListener('click', () => want({category: 'same'}));
  $('any').addEventListener('click', () => want({category: 'any'}));
  $('category').addEventListener('change', () => want({category: $('category').value || 'same'}));
  $('k').addEventListener('change', () => want({k: Number($('k').value)}));
  $('sheet').addEventListener('click', () => setSheet(document.body.classList.contains('closed')));
  window.addEventListener('popstate', event => restore(event.state));

  try {
    shop = await (await fetch('shop')).json();
  } catch {
    say(words.unreachable, 'bad');
    return;
  }
  $('about').textContent = words.nProducts(shop.n_product);
  $('which').hidden = $('category').hidden = !shop.categories.length;
  for (const name of shop.categories) {
    $('category').append(element('option', {value: name}, categoryName(name)));
  }
  for (const k of [4, 8, 16, 32].filter(n => n <= shop.max_k)) {
    $('k').append(element('option', {value: k}, words.many(k)));
  }
  document.querySelector('.try').hidden = !shop.samples.length;
  $('samples').append(...shop.samples.map((path, i) => element(
    'button', {type: 'button', 'aria-label': words.sample(i + 1), onclick: () => openSample(i)},
    element('img', {src: path, alt: ''}))));
  await restore(history.state);
}

begin();
