// The style of the report: one column on a phone, as many as fit elsewhere; light or dark as the reader's system is.
import { DARK, LIGHT } from './palette.ts';

const variables = (colours: Readonly<Record<string, string>>): string =>
  Object.entries(colours)
    .map(([name, value]) => `--${name}:${value}`)
    .join(';');

export const STYLE: string = `
:root{color-scheme:light dark;${variables(LIGHT)}}
@media (prefers-color-scheme:dark){:root{${variables(DARK)}}}
*{box-sizing:border-box}
html{scroll-behavior:smooth;scroll-padding-top:1rem}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif;overflow-wrap:anywhere}
main,header,footer{max-width:76rem;margin:0 auto;padding:0 1rem}
header{padding-top:1.5rem}
h1{font-size:1.6rem;line-height:1.2;margin:0 0 .25rem}
h2{font-size:1.25rem;line-height:1.3;margin:0 0 .25rem}
h3{font-size:1rem;margin:1.5rem 0 .5rem}
section{padding:1.75rem 0 .5rem;border-top:1px solid var(--line);margin-top:1.5rem}
section>p{margin:.25rem 0 1rem;color:var(--faint);max-width:70ch}
a{color:var(--good)}
a:focus-visible,summary:focus-visible,.scroll:focus-visible{outline:3px solid var(--good);outline-offset:2px;border-radius:2px}
.skip{position:absolute;left:-100rem}
.skip:focus{left:1rem;top:.5rem;background:var(--paper);padding:.5rem;z-index:1}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1rem;list-style:none;margin:1rem 0 0;padding:0}
nav a{display:inline-block;padding:.35rem 0}
dl.facts{display:grid;grid-template-columns:auto 1fr;gap:.1rem .9rem;margin:.75rem 0 0;font-size:.9rem}
dl.facts dt{color:var(--faint)}
dl.facts dd{margin:0}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,9.5rem),1fr));gap:.75rem;margin:0 0 1.25rem;padding:0;list-style:none}
.cards li{border:1px solid var(--line);border-radius:.5rem;padding:.7rem .9rem}
.cards b{display:block;font-size:1.7rem;line-height:1.2;font-variant-numeric:tabular-nums}
.cards .ahead b{color:var(--good)}
.cards .behind b{color:var(--bad)}
.cards span{color:var(--faint);font-size:.875rem}
.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,21.25rem),1fr));gap:1.5rem 1.75rem;align-items:start}
figure{margin:0;min-width:0}
figcaption{font-weight:600;font-size:.95rem;margin-bottom:.4rem}
figure svg{display:block;width:100%;height:auto;max-width:30rem}
.legend{display:flex;flex-wrap:wrap;gap:.1rem .8rem;list-style:none;margin:0 0 .3rem;padding:0;font-size:.8rem}
.legend i{display:inline-block;width:.8rem;height:.5rem;border-radius:.2rem;margin-right:.35rem;vertical-align:.08rem}
.note,.warning{font-size:.875rem;margin:.3rem 0 0;color:var(--faint)}
.warning{color:var(--bad)}
.scroll{overflow-x:auto;margin:.5rem 0 1rem}
table{border-collapse:collapse;font-size:.875rem;font-variant-numeric:tabular-nums;min-width:100%}
th,td{overflow-wrap:normal;padding:.3rem .6rem;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap;font-weight:400}
thead th{color:var(--faint);border-bottom-width:2px;vertical-align:bottom;white-space:normal;min-width:4.5rem}
tbody th,.text{text-align:left!important}
tr.ours{font-weight:600}
tr.ours th,tr.ours td{font-weight:600}
.improved{color:var(--good);font-weight:600}
.regressed{color:var(--bad);font-weight:600}
details{margin:.75rem 0}
summary{cursor:pointer;padding:.35rem 0}
footer{padding-top:1rem;padding-bottom:2rem;color:var(--faint);font-size:.875rem;border-top:1px solid var(--line);margin-top:2rem}
code{font-size:.9em}
`;
