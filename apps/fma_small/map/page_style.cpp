#include "apps/fma_small/map/page.h"

namespace melgrad {

// Beside the report's style (apps/harness/report/report_style.cpp), whose colours follow the
// reader's light or dark mode.
const char* const map_style = R"css(
main { max-width: 1320px; }
.bar { display: flex; flex-wrap: wrap; gap: 8px 26px; align-items: center; margin: 26px 0 6px;
       font-size: 14.5px; }
.bar select, .bar input, .bar button { font: inherit; color: inherit; background: var(--wash);
       border: 1px solid var(--faint); border-radius: 6px; padding: 4px 9px; }
.bar input { width: 250px; }
.bar button { cursor: pointer; min-width: 34px; }
.zoom { display: inline-flex; gap: 4px; }
.keys { display: flex; flex-wrap: wrap; gap: 4px 6px; margin: 6px 0 12px; padding: 0;
        list-style: none; font-size: 13px; min-height: 27px; align-items: center;
        color: var(--soft); }
.keys button { font: inherit; color: var(--soft); background: none; border: 0; cursor: pointer;
               border-radius: 5px; padding: 3px 7px; max-width: 230px; overflow: hidden;
               text-overflow: ellipsis; white-space: nowrap; }
.keys button[aria-pressed=true] { background: var(--wash); color: var(--ink); font-weight: 600; }
.keys i { display: inline-block; width: 11px; height: 11px; border-radius: 50%; margin-right: 6px;
          vertical-align: -1px; }
.keys .ramp { width: 220px; height: 12px; border-radius: 4px; margin: 0 9px; }
.both { display: grid; grid-template-columns: minmax(0, 1fr) 350px; gap: 32px;
        align-items: start; }
.plane { position: relative; height: min(76vh, 780px); min-height: 420px; background: var(--wash);
         border-radius: 10px; overflow: hidden; }
.plane canvas { display: block; width: 100%; height: 100%; cursor: pointer; touch-action: none; }
.plane canvas:focus-visible, .bar :focus-visible, .keys :focus-visible, .song :focus-visible {
  outline: 3px solid var(--blue); outline-offset: -2px; }
.tip { position: absolute; pointer-events: none; max-width: 290px; padding: 8px 11px;
       background: var(--paper); border: 1px solid var(--faint); border-radius: 7px;
       box-shadow: 0 2px 9px rgb(0 0 0 / .18); font-size: 12.5px; line-height: 1.4;
       overflow-wrap: anywhere; z-index: 2; }
.tip b { display: block; font-size: 14px; }
.tip .of { color: var(--soft); }
.tip ul { list-style: none; margin: 5px 0 0; padding: 0; }
.song h2 { margin: 0 0 2px; overflow-wrap: anywhere; font-size: 24px; }
.song p { margin: 2px 0; font-size: 13.5px; color: var(--soft); overflow-wrap: anywhere; }
.song audio { display: block; width: 100%; margin: 12px 0; }
.song h3 { margin: 18px 0 4px; }
.bars { list-style: none; margin: 0; padding: 0; font-size: 13.5px; }
.bars li { display: grid; grid-template-columns: 105px 1fr 42px; gap: 9px; align-items: center; }
.bars span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.bars span:last-child { text-align: right; color: var(--soft); }
.bars div { height: 10px; border-radius: 3px; background: var(--wash); }
.bars div i { display: block; height: 100%; border-radius: 3px; }
.near { list-style: none; margin: 0; padding: 0; font-size: 13.5px;
        font-variant-numeric: tabular-nums; }
.near li { display: grid; grid-template-columns: 1fr auto; gap: 10px; padding: 2px 0;
           border-bottom: 1px solid var(--faint); }
.near button { font: inherit; text-align: left; color: var(--blue); background: none; border: 0;
               padding: 0; cursor: pointer; overflow-wrap: anywhere; }
.near span { color: var(--soft); }
.skipped { font-size: 14px; padding-left: 20px; overflow-wrap: anywhere; }
@media (max-width: 900px) {
  .both { grid-template-columns: minmax(0, 1fr); }
  .plane { height: 66vh; }
}
)css";

// Of text from outside only textContent is set, never markup.
const char* const map_script = R"js(
const data = JSON.parse(document.getElementById('data').textContent), songs = data.songs;
const by_id = id => document.getElementById(id);
const canvas = by_id('map'), pen = canvas.getContext('2d'), tip = by_id('tip');
const panel = by_id('song'), keys = by_id('keys');
const make = (name, parent, set = {}) => {
  const element = parent.appendChild(document.createElement(name));
  for (const [key, value] of Object.entries(set))
    key === 'text' ? element.textContent = value : element.setAttribute(key, value);
  return element;
};
const percent = share => (100 * share).toFixed(0) + ' %';
const strongest = song => song.strengths.indexOf(Math.max(...song.strengths));
const style = name => getComputedStyle(document.documentElement).getPropertyValue(name);
const grey = '#9a9a94';

// --- colours: of each way a category of a song, its colour, and the legend's entries
const ten = ['#4e79a7', '#f28e2b', '#59a14f', '#e15759', '#b07aa1',
             '#76b7b2', '#edc948', '#ff9da7', '#9c755f'];
const years = songs.map(song => song.year).filter(year => year > 0);
const first = years.reduce((a, b) => Math.min(a, b), Infinity);
const last = years.reduce((a, b) => Math.max(a, b), -Infinity);
const stops = [[98, 80, 180], [58, 110, 180], [33, 150, 140], [94, 190, 90], [232, 186, 30]];
const ramp = share => {  // viridis, but for its ends, which one mode or the other would hide
  const at = Math.min(3, Math.floor(share * 4)), part = share * 4 - at;
  return `rgb(${stops[at].map((v, i) => Math.round(v + part * (stops[at + 1][i] - v)))})`;
};
const ways = {
  genre: {of: strongest, colour: c => data.colours[c], names: data.classes},
  album: {of: song => Math.min(song.album, ten.length), colour: c => ten[c] || grey,
          names: data.albums.slice(0, ten.length)
                     .concat(data.albums.length > ten.length ? ['other albums'] : [])},
  time: {of: song => song.year,
         colour: year => year > 0 ? ramp(last > first ? (year - first) / (last - first) : .5) : grey,
         names: []},
};
let way = ways.genre, lit = null;
const legend = () => {
  keys.replaceChildren();
  if (way === ways.time) {
    const item = make('li', keys);
    if (years.length > 0) {
      item.append(first);
      const colours = [0, .25, .5, .75, 1].map(ramp).join(',');
      make('i', item, {class: 'ramp', style: `background:linear-gradient(90deg,${colours})`});
      item.append(last);
    }
    if (years.length < songs.length) {
      const unknown = make('li', keys);
      make('i', unknown, {style: `background:${grey};margin-left:12px`});
      unknown.append('year not known');
    }
  }
  way.names.forEach((name, c) => {
    const count = songs.filter(song => way.of(song) === c).length;
    if (count === 0) return;
    const button = make('button', make('li', keys), {type: 'button', 'aria-pressed': lit === c});
    make('i', button, {style: `background:${way.colour(c)}`});
    button.append(`${name || 'no album'} ${count}`);
    button.addEventListener('click', () => { lit = lit === c ? null : c; legend(); draw(); });
  });
};

// --- the plane: view is what of it is seen, in its own units
const xs = songs.map(song => song.x), ys = songs.map(song => song.y);
const low = list => list.reduce((a, b) => Math.min(a, b)), high = list =>
    list.reduce((a, b) => Math.max(a, b));
const middle = [(low(xs) + high(xs)) / 2, (low(ys) + high(ys)) / 2];
const extent = Math.max(high(xs) - low(xs), high(ys) - low(ys), 1e-9) * 1.08;
let view = {x: middle[0], y: middle[1], zoom: 1}, picked = -1, under = -1;
const scale = () => Math.min(canvas.clientWidth, canvas.clientHeight) / extent * view.zoom;
const place = song => [canvas.clientWidth / 2 + (song.x - view.x) * scale(),
                       canvas.clientHeight / 2 - (song.y - view.y) * scale()];
const size = () => Math.min(9, Math.max(2.2, 90 / Math.sqrt(songs.length)) * Math.sqrt(view.zoom));
const disc = (song, radius) => {
  const [x, y] = place(song);
  pen.beginPath();
  pen.arc(x, y, radius, 0, 7);
};
const draw = () => {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = canvas.clientWidth * ratio;
  canvas.height = canvas.clientHeight * ratio;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  const radius = size();
  if (picked >= 0) {
    pen.strokeStyle = style('--soft');
    pen.globalAlpha = .45;
    for (const [other] of songs[picked].closest) {
      pen.beginPath();
      pen.moveTo(...place(songs[picked]));
      pen.lineTo(...place(songs[other]));
      pen.stroke();
    }
  }
  for (const song of songs) {
    pen.globalAlpha = lit === null || way.of(song) === lit ? .85 : .1;
    pen.fillStyle = way.colour(way.of(song));
    disc(song, radius);
    pen.fill();
  }
  pen.globalAlpha = 1;
  for (const [i, width] of [[picked, 3], [under, 1.5]]) {
    if (i < 0) continue;
    pen.strokeStyle = style('--ink');
    pen.lineWidth = width;
    disc(songs[i], radius + 2.5);
    pen.stroke();
    pen.lineWidth = 1;
  }
};
const at = (x, y, reach) => {
  let best = -1, least = reach * reach;
  songs.forEach((song, i) => {
    const [px, py] = place(song), d = (px - x) ** 2 + (py - y) ** 2;
    if (d < least) [best, least] = [i, d];
  });
  return best;
};
const zoom_by = (factor, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) => {
  const dx = x - canvas.clientWidth / 2, dy = canvas.clientHeight / 2 - y, before = scale();
  view.zoom = Math.min(400, Math.max(1, view.zoom * factor));
  if (view.zoom === 1) [view.x, view.y] = middle;
  else [view.x, view.y] = [view.x + dx / before - dx / scale(), view.y + dy / before - dy / scale()];
  draw();
};
const whole = () => { view = {x: middle[0], y: middle[1], zoom: 1}; draw(); };

// --- one song
const about = song => [song.artist, data.albums[song.album], song.year > 0 ? song.year : '']
    .filter(Boolean).join(' · ');
const show_tip = (i, x, y) => {
  under = i;
  tip.hidden = i < 0;
  draw();
  if (i < 0) return;
  const song = songs[i];
  tip.replaceChildren();
  make('b', tip, {text: song.title});
  make('span', tip, {class: 'of', text: about(song)});
  const list = make('ul', tip);
  song.strengths.map((share, c) => [share, c]).sort((a, b) => b[0] - a[0]).slice(0, 8)
      .filter(([share]) => share >= .005)
      .forEach(([share, c]) => make('li', list, {text: data.classes[c] + ' ' + percent(share)}));
  const right = x > canvas.clientWidth / 2, below = y > canvas.clientHeight / 2;
  tip.style.left = right ? 'auto' : x + 14 + 'px';
  tip.style.right = right ? canvas.clientWidth - x + 14 + 'px' : 'auto';
  tip.style.top = below ? 'auto' : y + 14 + 'px';
  tip.style.bottom = below ? canvas.clientHeight - y + 14 + 'px' : 'auto';
};
let audio = null;
const pick = (i, play) => {
  const was_playing = audio !== null && !audio.paused;
  if (audio) audio.pause();
  picked = i;
  const song = songs[i];
  panel.replaceChildren();
  make('h2', panel, {text: song.title});
  make('p', panel, {text: about(song)});
  audio = make('audio', panel, {controls: '', preload: 'none', src: song.link});
  const silent = make('p', panel, {text: 'This browser cannot play the song, or it is not there.'});
  silent.hidden = true;
  audio.addEventListener('error', () => silent.hidden = false);
  make('p', panel, {text: song.file});
  make('h3', panel, {text: 'Strengths'});
  const bars = make('ul', panel, {class: 'bars'});
  data.classes.forEach((name, c) => {
    const item = make('li', bars);
    make('span', item, {text: name, title: name});
    const share = song.strengths[c], colour = data.colours[c];
    make('i', make('div', item), {style: `width:${100 * share}%;background:${colour}`});
    make('span', item, {text: percent(share)});
  });
  if (song.closest.length > 0)
    make('h3', panel, {text: 'Closest, and their squared distance'});
  const near = make('ol', panel, {class: 'near'});
  for (const [other, distance] of song.closest) {
    const item = make('li', near);
    const button = make('button', item, {type: 'button', text: songs[other].title});
    button.addEventListener('click', () => { pick(other, true); panel.querySelector('.near button').focus(); });
    make('span', item, {text: distance.toFixed(4)});
  }
  const [x, y] = place(song);
  if (x < 0 || y < 0 || x > canvas.clientWidth || y > canvas.clientHeight)
    [view.x, view.y] = [song.x, song.y];
  draw();
  if (play || was_playing) audio.play().catch(() => {});
};

// --- mouse, fingers and keys
let drag = null;
canvas.addEventListener('pointerdown', event => {
  drag = {x: event.offsetX, y: event.offsetY, far: false};
  canvas.setPointerCapture(event.pointerId);
});
canvas.addEventListener('pointermove', event => {
  const {offsetX: x, offsetY: y} = event;
  if (!drag) return show_tip(at(x, y, size() + 7), x, y);
  drag.far = drag.far || Math.hypot(x - drag.x, y - drag.y) > 4;
  if (!drag.far) return;
  view.x -= (x - drag.x) / scale();
  view.y += (y - drag.y) / scale();
  Object.assign(drag, {x, y});
  show_tip(-1);
});
canvas.addEventListener('pointerup', event => {
  const clicked = drag && !drag.far ? at(event.offsetX, event.offsetY, size() + 9) : -1;
  drag = null;
  if (clicked >= 0) pick(clicked, true);
});
canvas.addEventListener('pointerleave', () => { if (!drag) show_tip(-1); });
canvas.addEventListener('wheel', event => {
  event.preventDefault();
  zoom_by(Math.exp(-event.deltaY / 400), event.offsetX, event.offsetY);
}, {passive: false});
const arrows = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
const next = ([dx, dy]) => {  // the closest that lies more that way than to its side
  const [x, y] = place(songs[picked]);
  let best = -1, least = Infinity;
  songs.forEach((song, i) => {
    const [px, py] = place(song), along = (px - x) * dx + (py - y) * dy;
    const aside = Math.abs((px - x) * dy + (py - y) * dx), d = along + 2 * aside;
    if (i !== picked && along > 1e-6 && aside <= along && d < least) [best, least] = [i, d];
  });
  return best;
};
canvas.addEventListener('keydown', event => {
  if (event.key in arrows) {
    const to = picked < 0 ? 0 : next(arrows[event.key]);
    if (to >= 0) pick(to, false);
  } else if ((event.key === 'Enter' || event.key === ' ') && audio) {
    audio.paused ? audio.play().catch(() => {}) : audio.pause();
  } else if (event.key === '+') zoom_by(1.5);
  else if (event.key === '-') zoom_by(1 / 1.5);
  else if (event.key === '0') whole();
  else return;
  event.preventDefault();
});
by_id('in').addEventListener('click', () => zoom_by(1.5));
by_id('out').addEventListener('click', () => zoom_by(1 / 1.5));
by_id('all').addEventListener('click', whole);
by_id('colour').addEventListener('change', event => {
  way = ways[event.target.value];
  lit = null;
  legend();
  draw();
});
songs.forEach(song => make('option', by_id('titles'), {value: song.title}));
by_id('find').addEventListener('change', event => {
  const text = event.target.value.toLowerCase();
  const found = songs.findIndex(song => song.title.toLowerCase() === text);
  const part = songs.findIndex(song => text && song.title.toLowerCase().includes(text));
  if (found >= 0 || part >= 0) pick(found >= 0 ? found : part, true);
});
window.addEventListener('resize', draw);
legend();
if (songs.length > 0) pick(0, false);
draw();
)js";

}  // namespace melgrad
