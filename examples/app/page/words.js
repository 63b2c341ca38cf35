'use strict';
// What page.js and index.html say. Their English is the default: a key of `ja` alone is
// that of an element of index.html.

const WORDS = {
  en: {
    nProducts: n => `${n.toLocaleString('en')} products`,
    found: (n, s) => `${n} item${n === 1 ? '' : 's'} found in ${s} s.`,
    none: 'No item was found. Draw a box around one.',
    ownFound: s => `Your box was searched for in ${s} s.`,
    drag: 'Drag from one corner of the item to the other.',
    searching: 'searching …',
    unreachable: 'The server cannot be reached.',
    unreadable: 'This file cannot be read.',
    refused: (status, detail) => `${detail ?? `The server answers ${status}`}.`,
    own: 'my box',
    item: 'item',
    sure: percent => `detected, ${percent} % sure`,
    drawn: 'drawn by you',
    same: name => `${name} only`,
    many: n => `show ${n}`,
    alike: percent => `${percent} % alike`,
    noPicture: 'no picture',
    noProduct: 'no product of this category',
    sample: i => `Sample ${i}`,
  },
  ja: {
    title: 'スナップでさがす',
    intro: '着こなしの写真を選ぶと、写っている服や小物ごとに、いちばん似た商品をこのショップから見つけます。',
    shared: 'このアドレスで見られるのは似た商品だけです。写真は含まれません。',
    draw: '枠を描く',
    camera: '写真を撮る',
    choose: '写真を選ぶ',
    drop: 'このページにドロップもできます',
    samples: '見本で試す:',
    kept: '写真は検索に使うだけで、保存しません。このページのアドレスを共有しても、相手にあなたの写真は見えません。',
    photo: '写真',
    products: '商品',
    items: '見つかったもの',
    category: 'カテゴリ',
    all: 'すべて',
    other: 'ほかのカテゴリ …',
    manyLabel: '件数',
    legend: '似ている度合い。バーが右端まで伸びていれば同じ画像、空なら無作為に選んだ商品と同程度',

    nProducts: n => `商品 ${n.toLocaleString('ja')} 点`,
    found: (n, s) => `${n} 点見つかりました (${s} 秒)。`,
    none: '何も見つかりませんでした。さがしたいものを枠で囲んでください。',
    ownFound: s => `描いた枠でさがしました (${s} 秒)。`,
    drag: '角から対角の角へドラッグして、さがしたいものを囲んでください。',
    searching: 'さがしています …',
    unreachable: 'サーバーにつながりません。',
    unreadable: 'ファイルを読み込めません。',
    refused: (status, detail, path) => ({
      413: '写真が大きすぎます。小さくしてからお試しください。',
      422: path === 'similar' ? 'このリンクは正しくありません。'
        : detail?.startsWith('box') ? 'この枠では検索できません。もう一度描いてください。'
          : '写真として読めません。JPEG や PNG の画像を選んでください。',
      503: '混み合っています。1 分ほど待ってからお試しください。',
    }[status] ?? `サーバーのエラーです (${status})。`),
    own: '描いた枠',
    item: 'アイテム',
    sure: percent => `検出 (確信度 ${percent} %)`,
    drawn: '自分で描いた枠',
    same: name => `${name}だけ`,
    many: n => `${n} 件`,
    alike: percent => `類似度 ${percent} %`,
    noPicture: '画像なし',
    noProduct: 'このカテゴリの商品はありません',
    sample: i => `見本 ${i}`,
    categories: {
      bag: 'バッグ', belt: 'ベルト', footwear: '靴', outer: 'アウター', dress: 'ワンピース',
      sunglasses: 'サングラス', pants: 'パンツ', top: 'トップス', shorts: 'ショートパンツ',
      skirt: 'スカート', headwear: '帽子', scarf_tie: 'マフラー・ネクタイ',
    },
  },
};

const LANGUAGE = navigator.language.startsWith('ja') ? 'ja' : 'en';
const words = WORDS[LANGUAGE];

function categoryName(name) {
  return words.categories?.[name] ?? name.replace('_', ' / ');
}

// index.html is English
function translate() {
  document.documentElement.lang = LANGUAGE;
  for (const [attribute, set] of [
    ['data-word', (it, text) => { it.textContent = text; }],
    ['data-word-label', (it, text) => it.setAttribute('aria-label', text)],
    ['data-word-alt', (it, text) => it.setAttribute('alt', text)],
  ]) {
    for (const it of document.querySelectorAll(`[${attribute}]`)) {
      const text = words[it.getAttribute(attribute)];
      if (typeof text === 'string') set(it, text);
    }
  }
}
