#include "apps/classify/page.h"

namespace melgrad {

// Beside the report's style (apps/harness/report/report_style.cpp), whose colours follow the
// reader's light or dark mode.
const char* const page_style = R"css(
h1, .listening h2, .songs button, .problems { overflow-wrap: anywhere; }
.listening { position: relative; margin-top: 36px; }
.listening h2 { margin-top: 0; }
.listening audio { display: block; width: 100%; margin: 14px 0; }
.plot { display: grid; grid-template-columns: 60px 1fr; font-size: 11px; color: var(--soft); }
.plot .axis { position: relative; }
.plot .axis span { position: absolute; right: 7px; transform: translateY(50%);
                   white-space: nowrap; }
.plot .seek { position: relative; cursor: pointer; touch-action: manipulation; overflow: hidden;
              border-radius: 6px; background: var(--wash); }
.plot .seek:focus-visible, .songs button:focus-visible { outline: 3px solid var(--blue);
                                                         outline-offset: 2px; }
.plot img { display: block; width: 100%; height: 168px; object-fit: fill; }
.plot svg { display: block; width: 100%; height: 128px; margin-top: 2px; }
.plot .cursor { position: absolute; top: 0; bottom: 0; width: 2px; margin-left: -1px;
                background: #fff; box-shadow: 0 0 0 1px rgb(0 0 0 / .55); pointer-events: none; }
.plot .time { position: relative; height: 22px; grid-column: 2; }
.plot .time span { position: absolute; top: 5px; transform: translateX(-50%); }
.plot .time span:first-child { transform: none; }
.now { color: var(--soft); font-size: 14px; margin: 10px 0 8px;
       font-variant-numeric: tabular-nums; }
.bars { display: grid; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); gap: 4px 32px;
        margin: 0; padding: 0; list-style: none; font-size: 14px; }
.bars li { display: grid; grid-template-columns: 110px 1fr 44px; gap: 10px; align-items: center; }
.bars .class { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.bars .most .class { font-weight: 650; }
.bars .track { height: 12px; border-radius: 3px; background: var(--wash); position: relative; }
.bars .track i { display: block; height: 100%; border-radius: 3px; }
.bars .track u { position: absolute; top: -2px; bottom: -2px; width: 2px; background: var(--ink); }
.bars .share { text-align: right; font-variant-numeric: tabular-nums; color: var(--soft); }
.songs { width: 100%; font-size: 14.5px; }
.songs th { font-weight: 500; font-size: 13px; color: var(--soft); text-align: left;
            padding: 6px 8px; border-bottom: 1px solid var(--faint); }
.songs td { padding: 7px 8px; border-bottom: 1px solid var(--faint); }
.songs td:nth-child(2) { white-space: nowrap; }
.songs th:last-child, .songs td:last-child { text-align: right; padding-right: 0; }
.songs th:first-child, .songs td:first-child { padding-left: 0; }
.songs button { font: inherit; text-align: left; color: var(--blue); background: none; border: 0;
                padding: 0; cursor: pointer; text-decoration: underline;
                text-underline-offset: 2px; }
.songs tr.picked td { background: var(--wash); }
.songs .strip { display: flex; width: 180px; height: 12px; border-radius: 3px; overflow: hidden; }
.songs .strip i { display: block; height: 100%; }
.problems { font-size: 14px; padding-left: 20px; }
@media (max-width: 760px) {
  .songs .wide { display: none; }
  .plot { grid-template-columns: 54px 1fr; font-size: 10.5px; }
  .bars { grid-template-columns: 1fr; }
}
)css";

// Of text from outside only textContent is set, never markup.
const char* const page_script = R"js(
const read = id => JSON.parse(document.getElementById(id).textContent);
const about = read('about');
const panel = document.getElementById('listening');
const make = (name, parent, set = {}) => {
  const element = parent.appendChild(document.createElement(name));
  for (const [key, value] of Object.entries(set))
    key === 'text' ? element.textContent = value : element.setAttribute(key, value);
  return element;
};
const clock = s => Math.floor(s / 60) + ':' + String(Math.floor(s % 60)).padStart(2, '0');
const percent = share => (100 * share).toFixed(0) + ' %';

// Areas on top of each other, from window to window between their middles.
const areas = song => {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('viewBox', '0 0 1000 100');
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('aria-hidden', 'true');
  const last = song.begin.length - 1, x = seconds => (1000 * seconds / song.seconds).toFixed(2);
  const points = song.begin.map((begin, i) => [(begin + song.end[i]) / 2, song.strengths[i]]);
  points.unshift([0, song.strengths[0]]);
  points.push([song.seconds, song.strengths[last]]);
  const below = points.map(() => 100);
  about.classes.forEach((name, c) => {
    const above = points.map(([, strengths], i) => below[i] - 100 * strengths[c]);
    const line = (ys, i) => x(points[i][0]) + ',' + ys[i].toFixed(2);
    const there = points.map((_, i) => line(above, i));
    const back = points.map((_, i) => line(below, i));
    const path = svg.appendChild(document.createElementNS(space, 'path'));
    path.setAttribute('d', 'M' + there.concat(back.reverse()).join('L') + 'Z');
    path.setAttribute('fill', about.colours[c]);
    path.appendChild(document.createElementNS(space, 'title')).textContent = name;
    above.forEach((y, i) => below[i] = y);
  });
  return svg;
};

const times = (parent, seconds) => {
  const most = Math.max(2, parent.clientWidth / 70);
  const step = [.1, .2, .5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600]
      .find(each => seconds / each <= most) || seconds;
  for (let at = 0; at <= seconds - step / 4; at += step)
    make('span', parent,
         {text: step < 1 ? at.toFixed(1) : clock(at), style: `left:${100 * at / seconds}%`});
};

const build = (song, sound) => {
  panel.replaceChildren();
  panel.hidden = false;
  make('h2', panel, {text: song.name});
  const audio = make('audio', panel, {controls: '', preload: 'metadata'});
  const silent = make('p', panel, {class: 'note', text: 'This browser cannot play the song.'});
  silent.hidden = Boolean(sound);
  audio.hidden = !sound;
  audio.addEventListener('error', () => silent.hidden = false);
  if (sound) audio.src = sound;

  const plot = make('div', panel, {class: 'plot'});
  const axis = make('div', plot, {class: 'axis'});
  for (const [share, label] of song.ticks)
    if (share > .03 && share < .98)
      make('span', axis, {text: label + ' Hz', style: `bottom:${130 + 168 * share}px`});
  make('span', axis, {text: '100 %', style: 'bottom:122px'});
  make('span', axis, {text: '0', style: 'bottom:5px'});
  const seek = make('div', plot, {class: 'seek', tabindex: 0, role: 'slider',
                                  'aria-label': 'position in the song', 'aria-valuemin': 0,
                                  'aria-valuemax': song.seconds.toFixed(1)});
  make('img', seek, {alt: 'spectrogram', src: 'data:image/jpeg;base64,' + song.picture});
  seek.appendChild(areas(song));
  const cursor = make('div', seek, {class: 'cursor'});
  times(make('div', plot, {class: 'time'}), song.seconds);

  const now = make('p', panel, {class: 'now'});
  const list = make('ul', panel, {class: 'bars'});
  const bars = about.classes.map((name, c) => {
    const item = make('li', list);
    make('span', item, {class: 'class', text: name, title: name});
    const track = make('span', item, {class: 'track'});
    const bar = make('i', track, {style: `background:${about.colours[c]}`});
    make('u', track, {style: `left:${100 * song.average[c]}%`,
                      title: 'mean ' + percent(song.average[c])});
    return {item, bar, share: make('span', item, {class: 'share'})};
  });

  let at = 0;
  const nearest = () => {
    let best = 0;
    song.begin.forEach((begin, i) => {
      const distance = j => Math.abs((song.begin[j] + song.end[j]) / 2 - at);
      if (distance(i) < distance(best)) best = i;
    });
    return best;
  };
  const show = () => {
    const i = nearest(), strengths = song.strengths[i];
    const most = strengths.indexOf(Math.max(...strengths));
    cursor.style.left = 100 * Math.min(1, at / song.seconds) + '%';
    seek.setAttribute('aria-valuenow', at.toFixed(1));
    const strongest = about.classes[most] + ' ' + percent(strengths[most]);
    seek.setAttribute('aria-valuetext', clock(at) + ': ' + strongest);
    const window_of = song.begin[i].toFixed(1) + ' to ' + song.end[i].toFixed(1) + ' s';
    now.textContent = clock(at) + ' · window from ' + window_of +
                      ' · the stroke is the mean of the song';
    bars.forEach(({item, bar, share}, c) => {
      item.className = c === most ? 'most' : '';
      bar.style.width = 100 * strengths[c] + '%';
      share.textContent = percent(strengths[c]);
    });
  };
  const go = seconds => {
    at = Math.min(song.seconds, Math.max(0, seconds));
    if (sound) audio.currentTime = at;
    show();
  };
  const follow = () => {
    if (!audio.isConnected) return;
    at = audio.currentTime;
    show();
    if (!audio.paused) requestAnimationFrame(follow);
  };
  audio.addEventListener('play', follow);
  audio.addEventListener('seeked', follow);
  audio.addEventListener('timeupdate', follow);
  seek.addEventListener('click', event => {
    const box = seek.getBoundingClientRect();
    go((event.clientX - box.left) / box.width * song.seconds);
  });
  seek.addEventListener('keydown', event => {
    const moves = {ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1,
                   PageDown: -10, PageUp: 10};
    if (event.key in moves) go(at + moves[event.key]);
    else if (event.key === 'Home') go(0);
    else if (event.key === 'End') go(song.seconds);
    else if (event.key === ' ' && sound) audio.paused ? audio.play() : audio.pause();
    else return;
    event.preventDefault();
  });
  show();
  return audio;
};

let playing = null;
const pick = number => {
  if (playing) playing.pause();
  const song = read('song-' + number), bytes = document.getElementById('sound-' + number);
  playing = build(song, bytes ? `data:${song.type};base64,${bytes.textContent}` : song.link);
  document.querySelectorAll('tr.picked').forEach(row => row.classList.remove('picked'));
  document.querySelector(`[data-song="${number}"]`).closest('tr').classList.add('picked');
};
document.querySelectorAll('[data-song]').forEach(button => button.addEventListener('click', () => {
  pick(button.dataset.song);
  panel.scrollIntoView();
  panel.querySelector('.seek').focus({preventScroll: true});
}));
if (about.order.length > 0) pick(about.order[0]);
)js";

}  // namespace melgrad
