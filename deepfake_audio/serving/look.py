"""How the page looks: calm, in the light and in the dark, on a phone."""

from __future__ import annotations

from ..report.style import _DARK, _LIGHT

LOOK = (
    f"""
:root {{ {_LIGHT} }}
.dark {{ {_DARK} }}
"""
    + """
.dark #result audio { color-scheme: dark; }
#file label { font-size: .85rem; }
.note a { padding: 0 !important; margin: 0 !important; }
.gradio-container { max-width: 46rem !important; margin: 0 auto !important; }
header h1 { font-size: 1.6rem; font-weight: 650; margin: .6rem 0 .2rem; }
header p, .note, .ends { color: var(--quiet); }
.note { font-size: .88rem; margin: .3rem 0; }
#result section { margin: 0 0 1.4rem; }
#result h3 { font-size: 1.05rem; font-weight: 600; margin: 1.2rem 0 .3rem; }
#result ul { margin: .2rem 0; padding-left: 1.1rem; list-style: disc; }
#result li { margin: .3rem 0; overflow-wrap: anywhere; }
#result .verdict { border-left: 5px solid var(--quiet); padding: .2rem 0 .2rem 1rem; margin-top: .6rem; }
#result .verdict.fake { border-color: var(--fake); }
#result .verdict.real { border-color: var(--real); }
#result .name { color: var(--quiet); font-size: .9rem; margin: 0; overflow-wrap: anywhere; }
#result .headline { font-size: 1.9rem; font-weight: 700; line-height: 1.2; margin: .1rem 0 .3rem; }
#result .fake .headline { color: var(--fake); }
#result .real .headline { color: var(--real); }
#result .quote { font-size: 1.08rem; line-height: 1.5; margin: 0; }
#result audio { width: 100%; height: 2.6rem; display: block; }
.track { position: relative; height: 5.5rem; margin-top: .6rem; border-bottom: 1px solid var(--line);
  background: color-mix(in srgb, var(--line) 28%, transparent); cursor: pointer; overflow: hidden; }
.slot { position: absolute; top: 0; bottom: 0; padding: 0 .5px; box-sizing: border-box; }
.slot:hover { background: color-mix(in srgb, var(--line) 60%, transparent); }
.bar { position: absolute; left: .5px; right: .5px; bottom: 0; border-radius: 2px 2px 0 0; }
.bar.fake { background: var(--fake); }
.bar.real { background: color-mix(in srgb, var(--real) 70%, transparent); }
.cut { position: absolute; left: 0; right: 0; border-top: 1.5px dashed var(--ink); opacity: .7; pointer-events: none; }
.playhead { position: absolute; top: 0; bottom: 0; left: 0; width: 2px; background: var(--ink);
  pointer-events: none; }
.ends { display: flex; justify-content: space-between; gap: .8rem; font-size: .82rem; margin: .2rem 0; }
.ends span:first-child, .ends span:last-child { white-space: nowrap; }
.stretches { display: flex; flex-wrap: wrap; gap: .4rem; align-items: center; margin: .5rem 0; }
.stretches button, a.download { border: 1px solid var(--line); border-radius: 6px; padding: .25rem .6rem;
  background: transparent; color: inherit; cursor: pointer; text-decoration: none; }
.stretches button:hover, a.download:hover { border-color: var(--quiet); }
.stretches span { color: var(--quiet); font-size: .85em; }
.take { color: var(--quiet); font-size: .9rem; }
a.download { color: var(--ink); margin-right: .6rem; display: inline-block; }
#result figure { margin: 0; color: var(--ink); }
#result figure svg { display: block; width: 100%; height: auto; }
.phone { display: none; }
@media (max-width: 34rem) { .desk { display: none; } .phone { display: block; }
  #result .headline { font-size: 1.6rem; } .ends span:nth-child(2) { text-align: center; } }
footer { display: none !important; }
"""
)
