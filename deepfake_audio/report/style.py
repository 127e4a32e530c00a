"""The page's style sheet: readable in the light and in the dark, on a phone and on paper."""

from __future__ import annotations

_LIGHT = """--paper: #fff; --ink: #222; --quiet: #595959; --line: #ddd; --alarm: #b3261e;
  --real: #0072b2; --fake: #d55e00; --val: #007f5c; --test: #b65f92;"""
# The dark scheme's data colours are lighter members of the same palette, or tints of the same hues.
_DARK = """--paper: #16181b; --ink: #e4e4e4; --quiet: #a9a9a9; --line: #3a3d42; --alarm: #ff8a80;
  --real: #56b4e9; --fake: #f08c3c; --val: #2fc79a; --test: #dd9cc0;"""

STYLE = (
    f"""
:root {{ {_LIGHT} }}
@media (prefers-color-scheme: dark) {{ :root {{ {_DARK} }} }}
@media print {{ :root {{ {_LIGHT} }} }}
"""
    + """
html { scroll-padding-top: 1rem; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 46rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.5rem; margin: 0 0 1rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 .4rem; }
p { margin: .6rem 0; overflow-wrap: break-word; }
a { color: inherit; }
a:focus-visible, summary:focus-visible, .wide:focus-visible, audio:focus-visible {
  outline: 3px solid var(--real); outline-offset: 2px; }
.verdict { font-size: 1.15rem; border-left: 4px solid var(--fake); padding-left: .8rem; }
.rival { border-left: 4px solid var(--line); padding-left: .8rem; }
.together { font-weight: 600; }
.alarm { color: var(--alarm); font-weight: 600; border: 2px solid var(--alarm); padding: .5rem .8rem; }
.caution, .note { color: var(--quiet); }
nav { border: solid var(--line); border-width: 1px 0; margin: 1.5rem 0; padding: .5rem 0; font-size: .95rem; }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; margin: 0; padding: 0; }
.wide { overflow-x: auto; }
.wide table { margin-right: 0; }
.wide td:last-child, .wide th:last-child { padding-right: 0; }
table { border-collapse: collapse; min-width: min(100%, 22rem); margin: .4rem 1.5rem .8rem 0;
  font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--quiet); padding-bottom: .2rem; }
th, td { padding: .25rem .9rem .25rem 0; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--line); }
th { font-weight: 500; color: var(--quiet); }
th[scope=row], th:first-child { text-align: left; color: var(--ink); }
th[scope=row] { white-space: normal; min-width: 6.5rem; }
.long td { white-space: normal; overflow-wrap: anywhere; }
.glance th[scope=col] { white-space: normal; vertical-align: bottom; }
.glance td small { display: block; color: var(--quiet); }
.confusion thead th { text-align: center; }
.confusion th[scope=row] { min-width: 3.6rem; padding-right: .4rem; }
.confusion td { --most: 38%; text-align: center; padding: .55rem .5rem !important; border: 2px solid var(--paper);
  white-space: normal; }
.confusion td strong { display: block; font-size: 1.08rem; white-space: nowrap; }
table.confusion { min-width: 0; }
.confusion .right { background: color-mix(in srgb, var(--real) calc(var(--share) * var(--most)), transparent); }
.confusion .wrong { background: color-mix(in srgb, var(--fake) calc(var(--share) * var(--most)), transparent);
  outline: 2px dashed var(--fake); outline-offset: -5px; }
.pair { display: flex; flex-wrap: wrap; gap: 0 1rem; }
.clips { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 18rem), 1fr)); gap: 1.2rem; }
.clips article { min-width: 0; }
.clips p { margin: .2rem 0; font-size: .92rem; overflow-wrap: anywhere; }
audio { width: 100%; height: 2.4rem; margin-top: .3rem; }
figure { margin: 0; }
figure svg { display: block; width: 100%; height: auto; }
.phone { display: none; }
details { margin: .8rem 0; }
summary { cursor: pointer; font-weight: 600; }
dt { font-weight: 600; }
dd { margin: 0 0 .5rem; }
pre { overflow-x: auto; font-size: .85rem; line-height: 1.35; border: 1px solid var(--line); padding: .8rem; }
@media (max-width: 34rem) { .desk { display: none; } .phone { display: block; }
  .verdict { font-size: 1.05rem; }
  th, td { padding-right: .6rem; } th[scope=row] { min-width: 5rem; }
  .glance { font-size: .82rem; min-width: 0; } .glance th, .glance td { padding-right: .35rem; }
  .glance th[scope=row] { min-width: 4.2rem; } .glance td small { white-space: normal; }
  .parts td small { white-space: nowrap; }
  .confusion td { padding: .5rem .2rem !important; } .confusion td strong { font-size: .95rem; } }
@media screen and (min-width: 78rem) {
  nav { position: fixed; top: 1.5rem; left: calc(50vw - 23rem - 14rem); width: 12rem; max-height: 92vh;
    overflow-y: auto; margin: 0; border: 0; padding: .2rem; }
  nav ul { display: block; } nav li { margin-bottom: .35rem; } }
@media print { nav, audio { display: none; } body { font-size: 11pt; } main { max-width: none; padding: 0; }
  figure, tr, article, .alarm { break-inside: avoid; } h2, h3 { break-after: avoid; }
  .wide { overflow: visible; } details::details-content { content-visibility: visible; display: block; } }
"""
)
