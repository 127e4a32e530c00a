"""The page's style sheet: readable in the light and in the dark, on a phone and on paper."""

from __future__ import annotations

# The dark scheme's data colours are lighter members of the same palette, or tints of the same hues.
STYLE = """
:root { --paper: #fff; --ink: #222; --quiet: #666; --line: #ddd; --alarm: #b3261e;
  --real: #0072b2; --fake: #d55e00; --val: #007f5c; --test: #b65f92; }
@media (prefers-color-scheme: dark) { :root { --paper: #16181b; --ink: #e4e4e4; --quiet: #a3a3a3; --line: #3a3d42;
  --alarm: #ff8a80;
  --real: #56b4e9; --fake: #f08c3c; --val: #2fc79a; --test: #dd9cc0; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 46rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.5rem; margin: 0 0 1rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
p { margin: .6rem 0; }
.verdict { font-size: 1.15rem; border-left: 4px solid var(--fake); padding-left: .8rem; }
.rival { border-left: 4px solid var(--line); padding-left: .8rem; }
.alarm { color: var(--alarm); font-weight: 600; border: 2px solid var(--alarm); padding: .5rem .8rem; }
.caution { color: var(--quiet); }
.wide { overflow-x: auto; }
.wide table { margin-right: 0; }
.wide td:last-child, .wide th:last-child { padding-right: 0; }
table { border-collapse: collapse; margin: .4rem 1.5rem .8rem 0; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--quiet); padding-bottom: .2rem; }
th, td { padding: .25rem .9rem .25rem 0; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--line); }
th { font-weight: 500; color: var(--quiet); }
th[scope=row], th:first-child { text-align: left; color: var(--ink); }
th[scope=row] { white-space: normal; }
figure { margin: 0; }
figure svg { width: 100%; height: auto; }
details { margin-top: 2.2rem; }
summary { cursor: pointer; font-weight: 600; }
pre { overflow-x: auto; font-size: .85rem; line-height: 1.35; border: 1px solid var(--line); padding: .8rem; }
"""
