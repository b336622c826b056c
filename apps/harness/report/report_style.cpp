#include "apps/harness/report/report.h"

namespace melgrad {

// Colours: blue and vermillion of Okabe & Ito (2008) tell right from wrong to every kind of colour
// vision; no statement rests on colour alone. Contrast of text is at least 4.5 : 1 in both modes.
const char* const report_style = R"css(
:root {
  --paper: #fcfcfa; --ink: #1d1f21; --soft: #62676d; --faint: #d9dad6; --wash: #f2f2ee;
  --blue: #0b66a8; --blue-rgb: 11 102 168; --red: #b84a00; --red-rgb: 213 94 0; --on-deep: #fff;
  --serif: Charter, "Bitstream Charter", "Iowan Old Style", Georgia, "Source Serif 4", serif;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif;
  --mono: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15171a; --ink: #e6e5e1; --soft: #9aa0a6; --faint: #363a3f; --wash: #1e2125;
    --blue: #6cb4ea; --blue-rgb: 86 166 226; --red: #f2935c; --red-rgb: 226 116 48;
    --on-deep: #0d0f11; color-scheme: dark;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 var(--sans); }
main { max-width: 1040px; margin: 0 auto; padding: 56px 28px 72px; }
h1 { font: 400 44px/1.1 var(--serif); letter-spacing: -.01em; margin: 0 0 18px; }
h2 { font: 400 26px/1.25 var(--serif); margin: 64px 0 6px; }
h3 { font: 600 15px/1.3 var(--sans); margin: 0; }
h3.apart { margin: 32px 0 6px; }
p { max-width: 68ch; margin: 8px 0; }
a { color: var(--blue); text-underline-offset: 2px; }
.eyebrow { font-size: 12.5px; letter-spacing: .09em; text-transform: uppercase; color: var(--soft);
           margin: 0 0 12px; max-width: none; }
.lead { font: 400 21px/1.45 var(--serif); max-width: 40em; }
.facts { display: flex; flex-wrap: wrap; gap: 4px 28px; margin: 22px 0 0; padding: 14px 0 0;
         border-top: 1px solid var(--faint); font-size: 14px; }
.facts div { display: flex; gap: 8px; }
.facts dt { color: var(--soft); } .facts dd { margin: 0; }
.note { color: var(--soft); font-size: 14.5px; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 20px; color: var(--soft); font-size: 13.5px;
          margin: 10px 0 14px; padding: 0; list-style: none; }
.legend svg { width: 26px; height: 12px; vertical-align: -1px; margin-right: 6px; }
code { font: 13.5px/1.5 var(--mono); }
pre { background: var(--wash); border-radius: 8px; padding: 12px 16px; overflow-x: auto;
      margin: 12px 0; }
.scroll { overflow-x: auto; }

table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.nets { width: 100%; font-size: 14.5px; }
.nets th { font-weight: 500; font-size: 13px; color: var(--soft); text-align: right;
           padding: 6px 8px; border-bottom: 1px solid var(--faint); vertical-align: bottom;
           white-space: nowrap; }
.nets td { text-align: right; padding: 9px 8px; border-bottom: 1px solid var(--faint);
           white-space: nowrap; }
.nets th:first-child, .nets td:first-child { text-align: left; padding-left: 0; white-space: normal;
           min-width: 205px; }
.nets small { display: block; color: var(--soft); font-size: 12.5px; line-height: 1.35;
              font-weight: 400; }
.nets td:first-child small, .nets td:last-child small { white-space: normal; max-width: 34em; }
.nets small.wrong { color: var(--red); }
.nets .strong { font-weight: 650; }
.nets .group { border-bottom: 0; padding-bottom: 0; text-align: center; }
.nets tr.absent td { color: var(--soft); }
.nets tr.best td:first-child b::after { content: " ★"; color: var(--blue); font-weight: 400; }
.nets b { font-weight: 600; }
.pm { color: var(--soft); font-size: 12.5px; font-weight: 400; }
svg.strip { display: block; width: 136px; height: 20px; }

.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(290px, 1fr));
         gap: 34px 32px; margin-top: 20px; }
.card p { margin: 2px 0 8px; font-size: 13.5px; color: var(--soft); line-height: 1.4; }
.card details { font-size: 13.5px; color: var(--soft); }
.card details h3 { color: var(--ink); margin-top: 18px; }
svg.curves { display: block; width: 100%; height: auto; }
svg text { font: 10.5px var(--sans); fill: var(--soft); }
svg .end { text-anchor: end; } svg .middle { text-anchor: middle; }
svg .grid { stroke: var(--faint); stroke-width: 1; }
svg polyline { fill: none; stroke-linejoin: round; stroke-linecap: round; }
svg .train { stroke: var(--soft); stroke-width: 1.3; stroke-dasharray: 4 3; }
svg .valid { stroke: var(--blue); stroke-width: 2; }
svg line.best { stroke: var(--ink); stroke-width: 1; stroke-dasharray: 1 3; }
svg circle.best { fill: var(--ink); stroke: var(--paper); stroke-width: 1.5; }
svg .overfit { fill: rgb(var(--red-rgb) / .11); }
svg .chance { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 2 2; }
svg .published { fill: var(--paper); stroke: var(--ink); stroke-width: 1.6; }
svg .measured { fill: var(--blue); }
svg .link { stroke: var(--soft); stroke-width: 1.2; }
svg .spread { stroke: var(--blue); stroke-width: 5; stroke-linecap: round; opacity: .35; }

.confusion { font-size: 13.5px; margin-top: 4px; }
.confusion th { font-weight: 400; color: var(--soft); font-size: 12.5px; }
.confusion th[scope=row] { text-align: right; padding-right: 8px; }
.confusion th[scope=col] { min-width: 58px; }
.confusion td { height: 34px; text-align: center; border: 2px solid var(--paper); }
.confusion .hit { background: rgb(var(--blue-rgb) / var(--v)); }
.confusion .miss { background: rgb(var(--red-rgb) / var(--v)); }
.confusion .hit.deep { color: var(--on-deep); }
@media (prefers-color-scheme: dark) { .confusion .mid, .confusion .deep { color: var(--on-deep); } }
.confusion.many { font-size: 11.5px; }
.confusion.many td { height: 24px; border-width: 1px; }
.confusion.many th { font-size: 11px; }
.confusion.many th[scope=col] { min-width: 25px; padding: 0; height: 62px; vertical-align: bottom; }
.confusion.many th[scope=col] span { writing-mode: vertical-rl; transform: rotate(180deg); }
.scores { font-size: 14px; } .scores th { font-weight: 500; color: var(--soft); font-size: 13px; }
.scores td, .scores th { text-align: right; padding: 5px 12px; border-bottom: 1px solid var(--faint); }
.scores td:first-child, .scores th:first-child { text-align: left; padding-left: 0; }
.scores small { color: var(--soft); font-size: 12px; font-weight: 400; }
.scores tbody th { font: inherit; color: inherit; }
.scores .strong { font-weight: 650; }
.pairs th[scope=rowgroup] { vertical-align: top; }
.scores.pairs th[scope=row] { text-align: left; color: var(--soft); font-size: 13px;
                              padding-left: 12px; }
.pairs tr:first-child:not(:last-child) td, .pairs tr:first-child:not(:last-child) th[scope=row] {
  border-bottom: 0; padding-bottom: 0; }

.genre { margin: 20px 0 8px; text-transform: capitalize; }
.clips { display: grid; grid-template-columns: repeat(auto-fill, minmax(132px, 1fr)); gap: 16px; }
figure { margin: 0; font-size: 12.5px; line-height: 1.4; }
figure .picture { position: relative; display: block; width: 100%; padding: 0; border: 0;
                  border-radius: 6px; overflow: hidden; background: var(--wash); }
figure img { display: block; width: 100%; aspect-ratio: 1; object-fit: fill; }
button.picture { cursor: pointer; }
button.picture::after { content: "▶"; position: absolute; right: 6px; bottom: 6px; width: 26px;
  height: 26px; border-radius: 50%; background: rgb(0 0 0 / .62); color: #fff;
  font: 11px/26px var(--sans); text-align: center; padding-left: 2px; }
button.picture.playing::after { content: "❚❚"; padding: 0; }
button.picture:focus-visible { outline: 3px solid var(--blue); outline-offset: 2px; }
figcaption { margin-top: 6px; }
figcaption .name { display: block; color: var(--soft); overflow-wrap: anywhere; }
.right { color: var(--blue); font-weight: 600; } .wrong { color: var(--red); font-weight: 600; }
.filters { display: flex; flex-wrap: wrap; gap: 8px 20px; margin: 12px 0 16px; font-size: 14px; }
.filters label { color: var(--soft); } .filters[hidden] { display: none; }
select { font: inherit; color: inherit; background: var(--wash); border: 1px solid var(--faint);
         border-radius: 6px; padding: 4px 8px; margin-left: 6px; }

.settings { font-size: 14.5px; margin-top: 10px; }
.settings td { padding: 6px 18px 6px 0; border-bottom: 1px solid var(--faint); vertical-align: top; }
.settings td:nth-child(4), .settings small { color: var(--soft); }
.settings small { display: block; font-size: 12.5px; line-height: 1.35; max-width: 24em; }
.mark { font: 12px var(--mono); padding: 1px 6px; border-radius: 4px; background: var(--wash);
        color: var(--soft); white-space: nowrap; }
.mark.inf { background: rgb(var(--red-rgb) / .15); color: var(--red); }
details { margin: 10px 0; } summary { cursor: pointer; }
details ul { font: 13px/1.6 var(--mono); padding-left: 20px; overflow-wrap: anywhere; }

@media (max-width: 760px) {
  main { padding: 32px 18px 56px; }
  h1 { font-size: 34px; } h2 { font-size: 23px; margin-top: 48px; } .lead { font-size: 19px; }
  .nets .wide { display: none; }
  .nets th:first-child, .nets td:first-child { min-width: 0; }
  .nets td:first-child small:not(.wrong) { display: none; }
  svg.strip { width: 130px; }
  .nets td, .nets th { padding-left: 5px; padding-right: 5px; }
  .clips { grid-template-columns: repeat(auto-fill, minmax(104px, 1fr)); gap: 12px; }
}
@media print { .filters { display: none; } main { padding: 0; } }
)css";

const char* const report_script = R"js(
const player = new Audio();
let playing = null;
const stop = () => { player.pause(); if (playing) playing.classList.remove('playing'); playing = null; };
player.addEventListener('ended', stop);
document.querySelectorAll('button.picture').forEach(button => button.addEventListener('click', () => {
  const again = playing === button;
  stop();
  if (again) return;
  player.src = button.dataset.sound;
  playing = button;
  button.classList.add('playing');
  player.play().catch(() => { stop(); window.open(button.dataset.sound); });
}));
const filters = document.querySelector('.filters');
if (filters) {
  filters.hidden = false;
  const [truth, guess] = filters.querySelectorAll('select');
  const apply = () => document.querySelectorAll('.mistakes figure').forEach(figure => {
    figure.hidden = (truth.value && figure.dataset.truth !== truth.value) ||
                    (guess.value && figure.dataset.guess !== guess.value);
  });
  truth.addEventListener('change', apply);
  guess.addEventListener('change', apply);
}
)js";

}  // namespace melgrad
