"""How the page looks: in light, in dark, on a phone and on paper."""

STYLE = """
:root{color-scheme:light dark;--paper:#fff;--ink:#1a1f2b;--soft:#4d5565;--line:#d6dae2;--card:#f4f6f9;--bar:#2f6db5;
--trained:#1f5fbf;--start:#a65200;--brightest:#2d7a4f;--mark:#b3261e}
@media (prefers-color-scheme:dark){:root{--paper:#0f131a;--ink:#e8ebf1;--soft:#aab3c3;--line:#313947;--card:#181e28;
--bar:#6ea8f2;--trained:#7cb3ff;--start:#ffb066;--brightest:#86d7a8;--mark:#ff8a80}}
*{box-sizing:border-box}
html{font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;background:var(--paper);color:var(--ink);
-webkit-text-size-adjust:100%}
body{margin:0 auto;max-width:1080px;padding:1.25rem 1rem 4rem;overflow-wrap:break-word}
h1{font-size:1.7rem;line-height:1.25;margin:.4rem 0 .6rem}
h2{font-size:1.25rem;margin:2.6rem 0 .4rem;padding-top:1rem;border-top:1px solid var(--line)}
h4{margin:1rem 0 .3rem;font-size:.95rem}
p{max-width:46rem;margin:.5rem 0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.2rem,1fr));gap:.6rem;margin:1.2rem 0;padding:0}
.tiles div{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.6rem .8rem}
.tiles dt{color:var(--soft);font-size:.85rem}
.tiles dd{margin:0;font-size:1.25rem;font-weight:600}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,25rem),1fr));gap:1.2rem 1.6rem;
margin:1rem 0}
figure{margin:0;min-width:0}
figure.wide{grid-column:1/-1}
figcaption{color:var(--soft);font-size:.9rem;margin-top:.3rem}
img.sky{display:block;width:100%;height:auto;border-radius:50%;background:#000}
.chart{display:block;width:100%;max-width:32rem;height:auto}
figure.wide .chart{max-width:46rem}
.chart text{fill:var(--ink);font-size:12.5px}
.chart .note{font-size:11px}
.grid{stroke:var(--line);fill:none}
.axis{stroke:var(--soft);fill:none}
rect.bar{fill:var(--bar)}
.mark{stroke:var(--mark);stroke-dasharray:3 3;fill:none}
.line{fill:none;stroke-width:2}
.line.trained{stroke:var(--trained)}
.line.start{stroke:var(--start);stroke-dasharray:7 3}
.line.brightest{stroke:var(--brightest);stroke-dasharray:2 3}
.band{fill:var(--trained);opacity:.2}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1rem;margin:.1rem 0;padding:0;font-size:.85rem}
.legend svg{width:34px;height:10px;margin-right:.35rem}
.trio{display:grid;grid-template-columns:repeat(3,1fr);gap:3px}
.trio img{display:block;width:100%;height:auto}
table{border-collapse:collapse;font-size:.88rem;font-variant-numeric:tabular-nums}
th,td{padding:.25rem .6rem .25rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
thead th{color:var(--soft);font-weight:600}
.scroll{overflow-x:auto}
details .scroll{max-height:24rem;overflow-y:auto}
.scroll:focus-visible,summary:focus-visible{outline:2px solid var(--trained);outline-offset:2px}
table.bars{width:100%}
table.bars th{font-weight:400;width:38%}
table.bars .amount{white-space:nowrap;text-align:right;width:1%}
div.bar{height:.9em;margin-top:.3em;background:var(--bar);min-width:1px;print-color-adjust:exact;
-webkit-print-color-adjust:exact}
details{margin:.8rem 0;border:1px solid var(--line);border-radius:.5rem;padding:.4rem .8rem}
summary{cursor:pointer;color:var(--soft)}
details dl{display:grid;grid-template-columns:minmax(8rem,max-content) 1fr;gap:.1rem 1rem;font-size:.88rem}
details dt{color:var(--soft)}
details dd{margin:0}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
footer{margin-top:3rem;color:var(--soft);font-size:.85rem}
@media print{:root{color-scheme:light;--paper:#fff;--ink:#000;--soft:#333;--line:#bbb;--card:#fff;--bar:#2f6db5;
--trained:#1f5fbf;--start:#a65200;--brightest:#2d7a4f;--mark:#b3261e}
html{font-size:11pt}body{padding:0;max-width:none}
figure,tr,.tiles div{break-inside:avoid}h2,h2+p{break-after:avoid}
.figures{grid-template-columns:1fr 1fr}details:not([open]){display:none}
.scroll,details .scroll{max-height:none;overflow:visible}
img{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""
