// One secret: what its provider said, where it is, how it is ended.

const shortID = 10;

function show(s, place) {
  const wasOpen = ui.detail.open;
  ui.open = s;
  ui.detail.replaceChildren(...contents(s, place));
  ui.split.classList.add('open');
  root.classList.add('reading');
  if (!wasOpen) {
    if (narrow.matches) ui.detail.showModal();
    else ui.detail.show();
  }
  ui.detail.scrollTop = 0;
  const top = ui.split.getBoundingClientRect().top;
  if (!wasOpen && !narrow.matches && top > 12) scrollBy(0, top - 12); // it stands at the top of the window, where all of it can be seen
  mark();
  draw();
  document.getElementById('detail-title').focus({ preventScroll: true });
}

// hide closes it; back says that the focus goes to the row from which it was opened.
function hide(back) {
  const s = ui.open;
  ui.open = undefined;
  if (ui.detail.open) ui.detail.close();
  ui.split.classList.remove('open');
  root.classList.remove('reading');
  mark();
  draw();
  if (!back) return;
  history.replaceState(null, '', location.pathname + location.search);
  const i = page.items[page.at] && page.items[page.at].s === s ? page.at : page.items.findIndex((item) => item.s === s);
  if (i >= 0) focusRow(i, 1);
}

function mark() {
  for (const [i, li] of page.rows) {
    const a = li.firstChild;
    if (ui.open && page.items[i].s === ui.open) a.setAttribute('aria-current', 'true');
    else a.removeAttribute('aria-current');
  }
}

function contents(s, place) {
  return [
    head(s), pills(s), verdict(s), purged(s), allowed(s),
    s.why ? el('p', {}, s.why) : '', factList(s),
    el('h4', {}, plural(placesOf(s), 'place')), places(s, place), steps(s), events(s), reasons(s),
  ].filter(Boolean);
}

function head(s) {
  const title = el('h3', { id: 'detail-title', tabindex: '-1' }, s.title);
  const close = el('button', { type: 'button', class: 'button', onclick: () => hide(true) }, 'Close');
  const link = el('button', { type: 'button', class: 'button', onclick: (e) => copy(location.href.split('#')[0] + '#' + encodeURIComponent(s.key), e.currentTarget) }, 'Copy link');
  return el('header', {}, el('div', {}, title, el('code', {}, s.value)), link, close);
}

function pills(s) {
  return el('div', { class: 'pills' }, el('span', { class: 'sev ' + s.tone }, s.sev), verdictTag(s), el('span', { class: 'soft' }, uses[s.use]),
    s.since ? el('span', { class: 'soft' }, 'since ' + s.since) : '');
}

function verdict(s) {
  if (s.state === 'purged') return '';
  const a = s.answer;
  if (!a) return s.alive === 0 && s.state === 'open' ? el('p', { class: 'says' }, 'Nobody asked its provider: count it as alive.') : '';
  return el('div', {}, a.says ? el('p', { class: 'says' }, a.says) : '', s.alive > 0 ? el('p', { class: 'says' }, 'Revoke it now.') : '', a.do ? el('p', {}, a.do) : '',
    ...(a.learned || []).map((f) => el('p', { class: 'hint' }, el('bdi', {}, f))), a.asked ? el('p', { class: 'hint' }, a.asked) : '');
}

function purged(s) {
  return s.state === 'purged' ? el('p', { class: 'says' }, 'It was purged from the history, and is there again: a clone from before the purge brought it.') : '';
}

function allowed(s) {
  const a = s.allowed;
  if (!a) return '';
  return el('div', { class: 'warning' }, el('p', {}, 'It does not count, because ', a.by === 'inline' ? 'a comment beside it' : 'the ' + a.by.replace('-', ' '), ' says so',
    a.where ? ' (' : '', a.where ? el('code', {}, a.where) : '', a.where ? ')' : '', a.reason ? ': ' : '.', a.reason ? el('bdi', {}, a.reason) : ''),
  a.here ? el('p', { class: 'says' }, 'The change that was searched brought this request along.') : '');
}

function facts(list) {
  const shown = list.filter(Boolean);
  return shown.length ? el('dl', { class: 'facts' }, ...shown.flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)])) : '';
}

function factList(s) {
  const list = facts((s.facts || []).map(([name, value]) => [name.replaceAll('_', ' '), el('code', {}, value)]));
  return list ? el('div', {}, el('h4', {}, 'What it says of itself'), list) : '';
}

// ---- places

const firstPlaces = 5;
const morePlaces = 100;

function places(s, here) {
  const box = el('div', {});
  const at = here ? s.places.indexOf(here) : -1;
  const order = at >= firstPlaces ? [here, ...s.places.filter((p) => p !== here)] : s.places;
  let shown = 0;
  const add = (n) => {
    for (const p of order.slice(shown, shown + n)) box.append(placeOf(p, p === here && s.places.length > 1));
    shown = Math.min(order.length, shown + n);
  };
  add(firstPlaces);
  const rest = () => order.length - shown;
  const more = el('button', { type: 'button', class: 'button', onclick: () => {
    const next = box.children[shown - 1];
    add(morePlaces);
    more.textContent = 'Show ' + plural(Math.min(rest(), morePlaces), 'more place');
    more.hidden = !rest();
    if (next && next.nextSibling) {
      next.nextSibling.tabIndex = -1;
      next.nextSibling.focus({ preventScroll: true });
    }
  } }, 'Show ' + plural(Math.min(rest(), morePlaces), 'more place'));
  more.hidden = !rest();
  return el('div', {}, box, more, s.more ? el('p', { class: 'hint' }, plural(s.more, 'more place') + ': the report in JSON has them.') : '');
}

function placeOf(p, here) {
  const commit = p.i === undefined ? null : data.commits[p.i];
  const who = commit && (commit[1] || commit[2]);
  return el('div', { class: 'place' + (here ? ' here' : '') },
    el('p', {}, el('code', {}, el('b', {}, ...placeName(p, true))), p.k ? ' (' + p.k + ')' : '', p.d ? ', as ' + p.d : ''),
    p.x ? el('pre', {}, p.x) : '',
    facts([
      commit && ['Commit', el('span', {}, el('code', { title: commit[0] }, commit[0].slice(0, shortID)), commit[3] ? ', ' + commit[3].slice(0, 10) : '', who ? ', ' : '', who ? el('bdi', { title: commit[2] }, who) : '')],
      commit && commit[4] && ['Message', el('bdi', {}, commit[4])],
      (p.n || p.r) && ['Reached by', refs(p)],
      !p.n && p.h !== undefined && ['Reached by', 'no ref that is known'],
      p.h !== undefined && ['Today', today(p)],
      p.o && ['Object', el('code', { title: p.o }, p.o.slice(0, shortID))],
      p.s && ['Submodule', el('code', {}, p.s)],
    ]));
}

function today(p) {
  if (p.h) return 'still in HEAD';
  const g = p.g && data.commits[p.g[0]];
  if (!g) return 'not in HEAD' + (p.z ? ', last seen ' + p.z : '');
  return el('span', {}, 'removed ' + g[3].slice(0, 10) + ' in ', el('code', { title: g[0] }, g[0].slice(0, shortID)), p.n ? ', and still in the history' : ', and still in this clone');
}

const firstRefs = 6;
const shortRef = (r) => r.replace(/^refs\/(heads|tags|remotes)\//, '');

function refs(p) {
  const names = (p.r || []).map((r) => data.refs[r]);
  const out = el('span', {});
  const add = (to, list) => list.forEach((name, i) => to.append(i ? ', ' : '', el('code', { title: name }, shortRef(name))));
  const first = names.length > firstRefs + 2 ? firstRefs : names.length;
  add(out, names.slice(0, first));
  if (p.n > first) out.append((first ? ' and ' : '') + plural(p.n - first, first ? 'more ref' : 'ref'));
  if (names.length > first) {
    const rest = el('p', {});
    add(rest, names.slice(first));
    out.append(el('details', {}, el('summary', {}, plural(names.length - first, 'more name')), rest));
  }
  return out;
}

// ---- steps

function pieces(list) {
  return (list || []).map(([text, kind]) => {
    if (kind === 'c') return el('code', {}, text);
    if (kind === 'b') return el('strong', {}, text);
    return kind === 'a' ? anchor(text) : text;
  });
}

// anchor is a link of a rule; an address of any other sort stays text.
function anchor(address) {
  return address.startsWith('https://') ? el('a', { href: address, rel: 'noopener noreferrer', target: '_blank' }, address) : el('code', {}, address);
}

function runnable(text, what) {
  const button = el('button', { type: 'button', class: 'button', 'aria-label': 'Copy ' + what, onclick: () => copy(text, button) }, 'Copy');
  return el('div', { class: 'run' }, el('pre', { tabindex: '0', role: 'region', 'aria-label': what }, text), button);
}

function steps(s) {
  if (s.state === 'suppressed' || s.state === 'example' || s.state === 'purged') return '';
  const box = el('div', {}, el('h4', {}, 'How it is ended'));
  if (s.steps === undefined || s.steps < 0) {
    box.append(el('p', { class: 'hint' }, 'There was no room for its steps', .../^[a-z0-9-]+$/.test(s.rule) ? [': ', el('code', {}, 'skant rules show ' + s.rule), ' has those of its rule.'] : ['.']));
    return box;
  }
  if (s.general) box.append(el('p', { class: 'hint' }, 'The steps for secrets of this kind: fill in what stands in angle brackets. Only the ' + number(data.filled) + ' most urgent secrets have steps with their own values.'));
  let n = 0;
  data.steps[s.steps].forEach((phase, i) => {
    const list = el('ol', { class: 'steps' }, ...phase.steps.map((step) => {
      n++;
      return el('li', {}, el('b', {}, ...pieces(step.title)), step.text && step.text.length ? el('p', {}, ...pieces(step.text)) : '',
        step.run ? runnable(step.run, 'the commands of step ' + n) : '', step.say ? runnable(step.say, 'the text of step ' + n) : '',
        step.fill ? el('p', { class: 'gap' }, 'Fill in yourself: ' + step.fill.join(', ')) : '', step.note ? el('p', { class: 'hint' }, step.note) : '',
        step.link ? el('p', {}, anchor(step.link)) : '');
    }));
    box.append(el('details', { class: 'phase', open: i === 0 && s.alive >= 0 }, el('summary', {}, phase.title), list));
  });
  return box;
}

// ---- what happened when, and why it is here

const maxEvents = 40;

function events(s) {
  const list = [];
  for (const p of s.places) {
    if (p.i !== undefined && data.commits[p.i][3]) list.push([data.commits[p.i][3], 'brought into ', p, authorOf(p)]);
    for (const g of p.g || []) if (data.commits[g][3]) list.push([data.commits[g][3], 'removed from ', p, data.commits[g][1]]);
  }
  if (list.length < 2) return '';
  list.sort((a, b) => a[0].localeCompare(b[0]));
  const items = list.slice(0, maxEvents).map(([at, what, p, who]) => el('li', {}, el('time', { datetime: at }, at.slice(0, 10)),
    el('span', {}, what, el('code', {}, p.p), p.k ? ' (' + p.k + ')' : '', who ? ' by ' : '', who ? el('bdi', {}, who) : '')));
  return el('div', {}, el('h4', {}, 'What happened when'), el('ul', { class: 'events' }, ...items),
    list.length > maxEvents ? el('p', { class: 'hint' }, plural(list.length - maxEvents, 'more event')) : '');
}

function reasons(s) {
  return el('div', {}, el('h4', {}, 'Why it is reported'), ...(s.reasons || []).map((r) => el('p', {}, r)), facts([
    ['Rule', el('code', {}, s.rule)], ['Confidence', s.conf], ['Fingerprint', el('code', {}, s.print || s.key)],
    s.docs && ['More', el('span', {}, ...s.docs.flatMap((d, i) => [i ? el('br') : '', anchor(d)]))],
  ]));
}

// ---- copying

function copy(text, button) {
  const done = (ok) => {
    const before = button.textContent;
    button.textContent = ok ? 'Copied' : 'Select it yourself';
    ui.said.textContent = button.textContent;
    setTimeout(() => {
      if (before !== 'Copied' && before !== 'Select it yourself') button.textContent = before;
      ui.said.textContent = '';
    }, 1500);
  };
  const old = () => { // where a page may not use the clipboard by itself
    const box = el('textarea', { class: 'skip', 'aria-hidden': 'true' });
    box.value = text;
    button.after(box);
    box.select();
    let ok = false;
    try {
      ok = document.execCommand('copy');
    } catch {
      ok = false;
    }
    box.remove();
    button.focus();
    done(ok);
  };
  if (navigator.clipboard) navigator.clipboard.writeText(text).then(() => done(true), old);
  else old();
}

document.addEventListener('keydown', (e) => {
  if (e.key === 'Escape' && ui.detail && ui.detail.open) {
    e.preventDefault();
    hide(true);
  }
});

