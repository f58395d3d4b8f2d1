// The list of secrets: filters, order, groups, and the window of rows that is in the page at a time. What comes from the report becomes text nodes
// and nothing else; attributes get names that this file writes.
const data = JSON.parse(document.getElementById('skant-data').textContent);
const root = document.documentElement;
const narrow = matchMedia('(max-width:60rem)');
const byKey = new Map(data.secrets.map((s) => [s.key, s]));
const view = { state: 'open', q: '', sev: '', verdict: '', use: '', provider: '', file: '', author: '', group: 'secret', sort: 'urgency' };
const states = [['open', 'Secrets'], ['purged', 'Came back'], ['example', 'Examples'], ['suppressed', 'Suppressed']];
const uses = { now: 'in the files today', history: 'in the history only', clone: 'in this clone only' };
const page = { items: [], rows: new Map(), at: 0 };
const ui = {};

// el makes an element: attributes, then children, which are elements or texts.
function el(tag, attrs, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attrs || {})) {
    if (value === undefined || value === false || value === '') continue;
    if (name === 'onclick') e.addEventListener('click', value);
    else e.setAttribute(name, value === true ? '' : value);
  }
  e.append(...children.filter((c) => c !== '' && c !== undefined && c !== null && c !== false));
  return e;
}

const number = (n) => n.toLocaleString('en-US');
const plural = (n, one) => number(n) + ' ' + one + (n === 1 ? '' : 's');
const dateOf = (p) => (p.i === undefined ? '' : data.commits[p.i][3].slice(0, 10));
const authorOf = (p) => (p.i === undefined ? '' : data.commits[p.i][1] || data.commits[p.i][2]);
const placeName = (p, column) => [el('bdi', {}, p.p), (p.l ? ':' + p.l : '') + (column && p.c ? ':' + p.c : '')];

// useOf is where a place is today, which may be another than that of its secret.
const useOf = (p) => p.k || (p.u ? uses.now : uses.history);

// words is all that a search looks through, worked out once.
function words(s, p) {
  if (s.words === undefined) s.words = [s.title, s.value, s.rule, s.provider, s.key, s.verdict, s.sev, ...(s.facts || []).flat()].join('\n').toLowerCase();
  if (!p) return s.words;
  if (p.words === undefined) {
    p.words = [p.p, p.x || '', p.k || '', p.o || '', ...(p.i === undefined ? [] : data.commits[p.i]), ...(p.r || []).map((r) => data.refs[r])].join('\n').toLowerCase();
  }
  return p.words;
}

function matchesSecret(s) {
  return s.state === view.state && (!view.sev || s.sev === view.sev) && (!view.verdict || s.verdict === view.verdict) && (!view.use || s.use === view.use) &&
    (!view.provider || s.provider === view.provider);
}

function matchesPlace(s, p, terms) {
  return (!view.file || p.p === view.file) && (!view.author || authorOf(p) === view.author) && terms.every((t) => words(s).includes(t) || words(s, p).includes(t));
}

const placesOf = (s) => s.places.length + (s.more || 0);

const orders = {
  urgency: () => 0,
  newest: (a, b) => (b.date || '').localeCompare(a.date || ''),
  oldest: (a, b) => (a.date || '9').localeCompare(b.date || '9'),
  severity: (a, b) => b.s.rank - a.s.rank,
  path: (a, b) => (a.p.p < b.p.p ? -1 : a.p.p > b.p.p ? 1 : (a.p.l || 0) - (b.p.l || 0)),
  places: (a, b) => placesOf(b.s) - placesOf(a.s),
};

// select works out what is listed: one item for each secret or, in other groups, for each place.
function select() {
  const terms = view.q.toLowerCase().split(/\s+/).filter(Boolean);
  const found = [];
  let secrets = 0;
  for (const s of data.secrets) {
    if (!matchesSecret(s)) continue;
    const places = s.places.filter((p) => matchesPlace(s, p, terms));
    if (!places.length) continue;
    secrets++;
    if (view.group === 'secret') found.push({ s, p: places[0], n: placesOf(s), date: s.since });
    else for (const p of places) found.push({ s, p, n: 1, date: dateOf(p) });
  }
  if (orders[view.sort] && view.sort !== 'urgency') found.sort(orders[view.sort]);
  page.items = grouped(found);
  page.at = 0;
  ui.status.textContent = view.group === 'secret' ? plural(found.length, 'secret') : plural(found.length, 'place') + ' of ' + plural(secrets, 'secret');
}

// grouped puts a heading before the items of each file, author or provider, the largest group first.
function grouped(found) {
  const name = { file: (i) => i.p.p, author: (i) => authorOf(i.p) || 'no commit', provider: (i) => i.s.provider }[view.group];
  if (!name) return found;
  const groups = new Map();
  for (const item of found) {
    const key = name(item);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(item);
  }
  const out = [];
  for (const [key, items] of [...groups].sort((a, b) => b[1].length - a[1].length)) out.push({ head: key, n: items.length }, ...items);
  return out;
}

// ---- the window of rows

const rowHeight = () => parseFloat(getComputedStyle(root).fontSize) * (narrow.matches ? 5.75 : 3.625);

function row(i) {
  const item = page.items[i];
  const li = el('li', { 'aria-setsize': page.items.length, 'aria-posinset': i + 1 });
  li.style.top = i * page.height + 'px';
  if (item.head !== undefined) {
    li.append(el('div', { class: 'group' }, el('span', {}, el('bdi', {}, item.head)), el('span', { class: 'soft' }, plural(item.n, 'place'))));
    return li;
  }
  const { s, p } = item;
  const more = item.n > 1 ? ' and ' + plural(item.n - 1, 'more place') : '';
  const a = el('a', { href: '#' + encodeURIComponent(s.key), tabindex: '-1', 'aria-current': ui.open === s && 'true' },
    el('span', { class: 'what' }, el('b', {}, s.title), ' ', el('code', {}, s.value)),
    el('span', { class: 'sev ' + s.tone }, s.sev),
    el('span', { class: 'at' }, el('code', {}, ...placeName(p)), more, authorOf(p) ? el('span', {}, ' · ', el('bdi', {}, authorOf(p))) : ''),
    el('span', { class: 'is' }, verdictTag(s)),
    el('span', { class: 'use' }, view.group === 'secret' ? uses[s.use] : useOf(p)),
    el('span', { class: 'day' }, item.date ? (view.group === 'secret' ? 'since ' : '') + item.date : ''));
  a.addEventListener('click', (e) => {
    if (e.ctrlKey || e.metaKey || e.shiftKey || e.button) return;
    e.preventDefault();
    page.at = i;
    history.pushState(null, '', '#' + encodeURIComponent(s.key));
    show(s, view.group === 'secret' ? undefined : p);
  });
  li.append(a);
  return li;
}

const verdictTag = (s) => el('span', { class: 'tag' + (s.alive > 0 ? ' alive' : s.alive < 0 ? ' dead' : '') }, s.verdict);

function clearRows() {
  for (const li of page.rows.values()) li.remove();
  page.rows.clear();
}

// draw has the rows in the page that can be seen, and a few more on both sides. A row with the focus stays.
function draw() {
  const top = -ui.list.getBoundingClientRect().top;
  const n = page.items.length;
  const from = Math.max(0, Math.min(Math.floor(top / page.height) - 8, n - 16));
  const to = Math.min(n, Math.max(Math.ceil((top + innerHeight) / page.height) + 8, 16));
  for (const [i, li] of page.rows) {
    if ((i < from || i >= to) && !li.contains(document.activeElement)) {
      li.remove();
      page.rows.delete(i);
    }
  }
  let next = null;
  for (let i = to - 1; i >= from; i--) {
    let li = page.rows.get(i);
    if (!li) {
      li = row(i);
      page.rows.set(i, li);
      ui.list.insertBefore(li, next);
    }
    next = li;
  }
  // One row can be reached with Tab; arrow keys lead from it to the others.
  let reach = page.rows.has(page.at) && page.items[page.at].head === undefined ? page.at : -1;
  for (let i = Math.max(from, Math.ceil(top / page.height)); reach < 0 && i < to; i++) if (page.items[i].head === undefined) reach = i;
  for (const [i, li] of page.rows) if (li.firstChild.href) li.firstChild.tabIndex = i === reach ? 0 : -1;
}

function redraw() {
  page.height = rowHeight();
  clearRows();
  ui.list.style.height = page.items.length * page.height + 'px';
  ui.none.hidden = page.items.length > 0;
  draw();
}

function update() {
  select();
  redraw();
  chips();
}

// focusRow moves the focus to the first row from i on, in a direction, that is one of a secret.
function focusRow(i, step) {
  while (page.items[i] && page.items[i].head !== undefined) i += step;
  if (!page.items[i]) return;
  page.at = i;
  const top = ui.list.getBoundingClientRect().top + i * page.height;
  if (top < page.height) scrollBy(0, top - page.height);
  else if (top > innerHeight - 2 * page.height) scrollBy(0, top - innerHeight + 2 * page.height);
  draw();
  page.rows.get(i).firstChild.focus({ preventScroll: true });
  draw();
}

function keys(e) {
  const li = e.target.closest('li');
  if (!li || e.altKey || e.ctrlKey || e.metaKey) return;
  const i = Number(li.getAttribute('aria-posinset')) - 1;
  const last = page.items.length - 1;
  const to = { ArrowDown: [i + 1, 1], ArrowUp: [i - 1, -1], Home: [0, 1], End: [last, -1] }[e.key];
  if (!to) return;
  e.preventDefault();
  focusRow(...to);
}

// ---- controls

function choice(label, key, options) {
  const box = el('select', {}, ...options.map(([value, text]) => el('option', { value: value || undefined }, text)));
  for (const [i, option] of [...box.options].entries()) option.value = options[i][0];
  box.addEventListener('change', () => {
    view[key] = box.value;
    update();
  });
  ui[key] = box;
  return el('label', {}, label, box);
}

// kinds are the values that secrets have, the most frequent first.
function kinds(key, all) {
  const n = new Map();
  for (const s of data.secrets) n.set(s[key], (n.get(s[key]) || 0) + 1);
  return [['', all], ...[...n].sort((a, b) => b[1] - a[1]).map(([value]) => [value, value])];
}

function tabs() {
  const list = states.map(([state, name]) => [state, name, data.secrets.filter((s) => s.state === state).length]).filter(([state, , n]) => n || state === 'open');
  if (!list[0][2] && list[1]) view.state = list[1][0];
  ui.tabs = list.map(([state, name, n]) => el('button', { type: 'button', 'data-state': state, 'aria-pressed': String(view.state === state), onclick: () => tab(state) }, name + ' ' + number(n)));
  return el('div', { class: 'tabs', role: 'group', 'aria-label': 'Which' }, ...ui.tabs);
}

function tab(state) {
  view.state = state;
  for (const b of ui.tabs) b.setAttribute('aria-pressed', String(b.getAttribute('data-state') === state));
  update();
}

function chips() {
  const set = ['file', 'author'].filter((key) => view[key]);
  const any = set.length || ['q', 'sev', 'verdict', 'use', 'provider'].some((key) => view[key]);
  ui.chips.replaceChildren(
    ...set.map((key) => el('button', { type: 'button', class: 'button chip', 'aria-label': 'No longer only ' + key + ' ' + view[key], onclick: () => narrowTo(key, '') }, key + ': ', el('bdi', {}, view[key]), ' ×')),
    any ? el('button', { type: 'button', class: 'button', onclick: clearFilters }, 'Clear filters') : '');
}

function clearFilters() {
  for (const key of ['q', 'sev', 'verdict', 'use', 'provider', 'file', 'author']) {
    view[key] = '';
    if (ui[key]) ui[key].value = '';
  }
  update();
  ui.q.focus();
}

function narrowTo(key, value) {
  view[key] = value;
  if (ui[key]) ui[key].value = value;
  if (value) tab('open');
  else update();
}

// facets makes the names of the charts buttons.
function facets() {
  for (const li of document.querySelectorAll('li[data-facet]')) {
    const key = li.getAttribute('data-facet');
    const value = li.getAttribute('data-name');
    const name = li.querySelector('.name');
    name.replaceChildren(el('button', { type: 'button', title: value, onclick: () => {
      narrowTo(key, value);
      const head = document.getElementById('secrets');
      head.scrollIntoView();
      head.focus({ preventScroll: true });
    } }, el('bdi', {}, value)));
  }
}

function build() {
  ui.q = el('input', { type: 'search', placeholder: 'File, author, commit, value, rule', autocomplete: 'off', spellcheck: 'false' });
  let timer = 0;
  ui.q.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      view.q = ui.q.value;
      update();
    }, 80);
  });
  ui.status = el('span', { role: 'status' });
  ui.chips = el('span', { class: 'state' });
  ui.said = el('span', { role: 'status', class: 'skip' });
  ui.list = el('ul', { class: 'list', role: 'list', 'aria-label': 'Secrets' });
  const partial = data.beyond || data.secrets.some((s) => s.more);
  ui.none = el('p', { class: 'none' }, 'Nothing ' + (partial ? 'that is listed here' : 'here') + ' fits the filters.' + (partial ? ' The report in JSON has more.' : ''));
  ui.detail = el('dialog', { class: 'detail', 'aria-labelledby': 'detail-title' });
  ui.split = el('div', { class: 'split' }, el('div', {}, ui.list, ui.none), ui.detail);
  const tools = el('div', { class: 'tools', role: 'search' }, el('label', {}, 'Search', ui.q),
    choice('Severity', 'sev', kinds('sev', 'any')), choice('Verdict', 'verdict', kinds('verdict', 'any')),
    choice('Where', 'use', [['', 'anywhere'], ...Object.entries(uses)]), choice('Provider', 'provider', kinds('provider', 'any')),
    choice('Group by', 'group', [['secret', 'secret'], ['file', 'file'], ['author', 'author'], ['provider', 'provider'], ['none', 'nothing']]),
    choice('Sort by', 'sort', [['urgency', 'urgency'], ['severity', 'severity'], ['newest', 'newest'], ['oldest', 'oldest'], ['path', 'path'], ['places', 'most places']]));
  const beyond = data.beyond ? el('p', { class: 'hint' }, plural(data.beyond, 'more secret') + ' for which there is no room here: the report in JSON has everything.') : '';
  const unfilled = data.filled < data.secrets.filter((s) => s.state === 'open').length ? el('p', { class: 'hint' }, 'Steps with their values are written out for the ' + number(data.filled) + ' most urgent secrets; the others have those of their rule, with gaps to fill in.') : '';
  document.getElementById('explorer').append(tabs(), tools, el('div', { class: 'state' }, ui.status, ui.chips, ui.said), beyond, unfilled, ui.split);
  ui.list.addEventListener('keydown', keys);
  ui.list.addEventListener('focusin', (e) => {
    const li = e.target.closest('li');
    if (li) page.at = Number(li.getAttribute('aria-posinset')) - 1;
  });
}

function start() {
  root.classList.add('js');
  if (!document.getElementById('explorer')) return;
  try {
    build();
    facets();
    update();
  } catch (e) { // the table that needs no script is better than nothing
    root.classList.remove('js');
    throw e;
  }
  let waiting = false;
  const later = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  };
  addEventListener('scroll', later, { passive: true });
  addEventListener('resize', () => (page.height === rowHeight() ? later() : redraw()));
  addEventListener('popstate', fromAddress);
  fromAddress();
  root.setAttribute('data-ready', '');
}

// fromAddress opens the secret that the address names.
function fromAddress() {
  let key = location.hash.slice(1);
  try {
    key = decodeURIComponent(key);
  } catch {
    return;
  }
  const s = byKey.get(key);
  if (!s) {
    if (ui.detail.open) hide(false);
    return;
  }
  if (!matchesSecret(s) || !page.items.some((i) => i.s === s)) {
    for (const name of ['q', 'sev', 'verdict', 'use', 'provider', 'file', 'author']) {
      view[name] = '';
      if (ui[name]) ui[name].value = '';
    }
    tab(s.state);
  }
  page.at = Math.max(0, page.items.findIndex((i) => i.s === s));
  const top = ui.list.getBoundingClientRect().top + page.at * page.height;
  if (top < 0 || top > innerHeight - page.height) scrollBy(0, top - innerHeight / 4);
  draw();
  show(s);
}

