/** The page's looks, for screen (light and dark) and paper. Its digest stands in the page's policy. */
export const reportStyle = `
:root{--paper:#fcfbf8;--card:#fff;--ink:#1c2430;--soft:#5c6675;--line:#e4e1d8;--main:#0f766e;--rest:#c9d3d6;--bad:#b3261e;--good:#0f766e;--heat:15,118,110}
@media screen and (prefers-color-scheme:dark){:root{--paper:#12161c;--card:#191f27;--ink:#e6e9ee;--soft:#98a2b3;--line:#2a323d;--main:#2dd4bf;--rest:#3b4654;--bad:#ff8a80;--good:#2dd4bf;--heat:45,212,191}}
*{box-sizing:border-box}
html{scroll-behavior:smooth}
body{margin:0 auto;padding:2.5rem 1.5rem 5rem;max-width:62rem;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 1.25rem;letter-spacing:-.015em;text-wrap:balance}
h2{font-size:1.25rem;line-height:1.3;margin:0 0 .5rem;letter-spacing:-.01em}
p{margin:.4rem 0;max-width:46rem}
code{font:.92em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(15rem,1fr));gap:.6rem 1.5rem;margin:0 0 1.5rem}
dt{font-size:.78rem;color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere}
.caveats{margin:0 0 1.75rem;padding:.9rem 1rem .9rem 2rem;border-left:4px solid var(--main);background:var(--card);border-radius:0 8px 8px 0;font-size:.93rem}
.caveats li{margin:.25rem 0}
.headlines{display:grid;grid-template-columns:repeat(auto-fit,minmax(7.5rem,1fr));gap:.75rem}
.headline{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:.85rem 1rem}
.headline b{display:block;font-size:1.6rem;line-height:1.15;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.headline span{font-size:.82rem;color:var(--soft)}
.headline.bad{border-color:var(--bad)}
.headline.bad b{color:var(--bad)}
.headline.good b{color:var(--good)}
nav{display:flex;flex-wrap:wrap;gap:.25rem 1.1rem;margin:1.5rem 0 0;font-size:.88rem}
nav a{color:var(--main);text-decoration:none}
nav a:hover{text-decoration:underline}
section{margin:2.75rem 0 0;padding:1.75rem 0 0;border-top:1px solid var(--line)}
.rules{font-size:.82rem;color:var(--soft)}
.rule{display:inline-block;margin:0 .15rem;padding:.05rem .5rem;border:1px solid var(--line);border-radius:999px;white-space:nowrap}
.none{color:var(--soft)}
figure{margin:1.1rem 0;padding:1rem 1.1rem;background:var(--card);border:1px solid var(--line);border-radius:10px}
figcaption{font-size:.86rem;color:var(--soft);margin:0 0 .7rem}
.key{margin-left:1rem;white-space:nowrap}
.key i{display:inline-block;width:.7rem;height:.7rem;border-radius:2px;margin-right:.35rem;background:var(--rest)}
.key i.granted{background:var(--main)}
svg{display:block;width:100%;height:auto}
svg text{font-size:12.5px;fill:var(--ink)}
svg .name,svg .axis{text-anchor:end}
svg .axis,svg .tick{fill:var(--soft);font-size:11px}
svg .tick{text-anchor:middle}
svg .number{fill:var(--soft);font-variant-numeric:tabular-nums}
svg .granted{fill:var(--main)}
svg .others{fill:var(--rest)}
svg .grid{stroke:var(--line)}
svg .office{fill:none;stroke:var(--soft);stroke-dasharray:3 3}
svg .heat0{fill:var(--line);opacity:.55}
svg .heat1{fill:rgba(var(--heat),.25)}
svg .heat2{fill:rgba(var(--heat),.42)}
svg .heat3{fill:rgba(var(--heat),.6)}
svg .heat4{fill:rgba(var(--heat),.8)}
svg .heat5{fill:rgb(var(--heat))}
.scroll{overflow-x:auto;margin:.9rem 0}
table{border-collapse:collapse;width:100%;font-size:.88rem}
th,td{text-align:left;vertical-align:top;padding:.42rem .8rem .42rem 0;border-bottom:1px solid var(--line)}
th{font-weight:600;color:var(--soft);font-size:.8rem}
td{overflow-wrap:anywhere}
.t{min-width:4.5rem}
.at{white-space:nowrap;font-variant-numeric:tabular-nums}
.n{text-align:right;font-variant-numeric:tabular-nums}
td.id{font:.82rem ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:nowrap}
summary{cursor:pointer;color:var(--main);font-size:.9rem;margin:.6rem 0}
@media print{body{max-width:none;padding:0;font-size:10.5pt;background:#fff}nav{display:none}section,figure,tr{break-inside:avoid}section{margin-top:1.5rem}figure,.headline,.caveats{background:none}details:not([open])::details-content{content-visibility:visible;display:block}.scroll{overflow:visible}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
`;
