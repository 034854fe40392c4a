import type { EvidenceEntry } from './evidence.ts';
import { type Report, summaryOf, summaryText, type TestResult } from './report.ts';
import { verdictText } from './report-text.ts';
import { TEST_GROUPS, type TestGroup } from './test-case.ts';

const GROUP_TITLES: Readonly<Record<TestGroup, string>> = {
  HDLC: 'Data link',
  APPL: 'Application layer',
  COSEM: 'Objects',
  SYMSEC: 'Symmetric security',
};

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2733; --dim: #5b6b7a; --paper: #f5f7f9; --card: #fff; --line: #dde4ea;
  --pass: #14804a; --fail: #c0262d; --open: #a15c07; --none: #6b7885 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --dim: #9aa9b8; --paper: #10161c; --card: #18212a;
  --line: #2b3844; --pass: #3fbf7f; --fail: #ff6b6b; --open: #f0b04a; --none: #8b98a5 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif }
main { max-width: 1080px; margin: 0 auto; padding: 2.5rem 1.25rem 4rem }
h1 { font-size: 1.7rem; margin: 0 0 .25rem } h2 { font-size: 1.15rem; margin: 2.5rem 0 .75rem }
h2 small { color: var(--dim); font-weight: 400; margin-left: .5rem }
.dim { color: var(--dim) }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.25rem; margin: 1.25rem 0 }
dt { color: var(--dim) } dd { margin: 0 }
.sums { display: flex; gap: .75rem; flex-wrap: wrap; margin: 1.5rem 0 }
.sum { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .7rem 1.2rem; min-width: 8rem }
.sum b { display: block; font-size: 1.6rem; line-height: 1.2 }
.bar { display: flex; height: 8px; border-radius: 4px; overflow: hidden; background: var(--line) } .bar i { display: block }
details.test { background: var(--card); border: 1px solid var(--line); border-radius: 8px; margin: .35rem 0 }
details.test > summary { display: grid; grid-template-columns: 7.5rem 12.5rem 1fr; gap: .75rem; padding: .5rem .9rem; cursor: pointer; list-style: none }
details.test > summary::-webkit-details-marker { display: none }
details.test > div { padding: .25rem .9rem .9rem; border-top: 1px solid var(--line) }
details.others > summary { color: var(--dim); padding: .5rem .9rem; cursor: pointer }
.id, .hex { font: 12.5px/1.45 ui-monospace, monospace } .id { padding-top: .15rem }
.verdict { font-weight: 600 } .pass { color: var(--pass) } .fail { color: var(--fail) } .inconclusive { color: var(--open) } .na { color: var(--none) }
.reason { font-weight: 600 }
.scroll { overflow-x: auto } table { border-collapse: collapse; width: 100% }
th { text-align: left; color: var(--dim); font-weight: 500 } th, td { padding: .2rem .75rem .2rem 0; vertical-align: top; border-top: 1px solid var(--line) }
td.num { text-align: right; white-space: nowrap } td.hex { word-break: break-all; min-width: 16rem }
@media (max-width: 700px) { details.test > summary { grid-template-columns: 1fr } }
@media print { body { background: none } details.test { break-inside: avoid } }
`;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escaped = (text: string | number): string =>
  String(text).replaceAll(/[&<>"']/g, (char) => ENTITIES[char] ?? char);

/** Local time with its zone, and UTC behind it. `timeZone`: an IANA name; that of the machine if not given. */
export function instantText(iso: string, timeZone?: string): string {
  const local = new Intl.DateTimeFormat('en-GB', {
    dateStyle: 'long',
    timeStyle: 'long',
    ...(timeZone === undefined ? {} : { timeZone }),
  }).format(new Date(iso));
  return `${local} (${iso})`;
}

/** One page that needs nothing from elsewhere: no script, no font, no picture. */
export function reportHtml(report: Report, timeZone?: string): string {
  const name = report.meter.deviceName ?? report.target.name;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Conformance of ${escaped(name)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Conformance of ${escaped(name)}</h1>
<p class="dim">DLMS/COSEM acceptance test in the manner of the abstract test suites. A meter that passes is not thereby certified.</p>
${facts(report, timeZone)}
${sums(report)}
${TEST_GROUPS.map((group) => section(group, report.results)).join('\n')}
</main>
</body>
</html>
`;
}

function facts({ startedAt, durationMs, target, meter }: Report, timeZone?: string): string {
  const { physicalAddress, addressBytes } = target;
  const rows: readonly (readonly [string, string])[] = [
    ['Meter', meter.deviceName ?? 'did not say its name'],
    ['System title', meter.systemTitle ?? 'not stated'],
    ['Reached at', `${target.name}, ${target.framing}`],
    [
      'Addresses',
      `client ${target.client}, server ${target.server}` +
        (physicalAddress === undefined ? '' : `, physical ${physicalAddress}`) +
        (addressBytes === undefined ? '' : `, ${addressBytes}-byte addressing`),
    ],
    [
      'Association',
      `${target.referencing === 'sn' ? 'short' : 'logical'} names, authentication ${target.auth}, policy ${target.policy}, suite ${target.suite}`,
    ],
    [
      'Protection',
      `${target.form}${target.dedicated ? ', dedicated key' : ''}${target.signed ? ', signed' : ''}`,
    ],
    ['Begun', instantText(startedAt, timeZone)],
    ['Took', `${(durationMs / 1000).toFixed(1)} s`],
  ];
  return `<dl>${rows.map(([term, text]) => `<dt>${escaped(term)}</dt><dd>${escaped(text)}</dd>`).join('')}</dl>`;
}

function sums({ summary }: Report): string {
  const { pass, fail, inconclusive, notApplicable } = summary;
  const parts: readonly (readonly [label: string, count: number, style: string])[] = [
    ['passed', pass, 'pass'],
    ['failed', fail, 'fail'],
    ['inconclusive', inconclusive - notApplicable, 'inconclusive'],
    ['not applicable', notApplicable, 'na'],
  ];
  const all = Math.max(1, pass + fail + inconclusive);
  const colours: Readonly<Record<string, string>> = { inconclusive: 'open', na: 'none' };
  const bar = parts.map(
    ([, count, style]) =>
      `<i style="width:${(100 * count) / all}%;background:var(--${colours[style] ?? style})"></i>`,
  );
  const cards = parts.map(
    ([label, count, style]) => `<div class="sum"><b class="${style}">${count}</b>${label}</div>`,
  );
  return `<div class="sums">${cards.join('')}</div><div class="bar" role="img" aria-label="${escaped(summaryText(summary))}">${bar.join('')}</div>`;
}

function section(group: TestGroup, all: readonly TestResult[]): string {
  const results = all.filter((result) => result.group === group);
  if (results.length === 0) return '';
  const applicable = results.filter(({ notApplicable }) => !notApplicable);
  const others = results.filter(({ notApplicable }) => notApplicable);
  const order = applicable.toSorted((a, b) => URGENCY[a.verdict] - URGENCY[b.verdict]);
  const folded =
    others.length === 0
      ? ''
      : `<details class="others"><summary>${others.length} not applicable</summary>${others.map(test).join('\n')}</details>`;
  return `<h2>${escaped(GROUP_TITLES[group])}<small>${group} · ${escaped(summaryText(summaryOf(results)))}</small></h2>
${order.map(test).join('\n')}
${folded}`;
}

/** What somebody must look at stands first. */
const URGENCY: Readonly<Record<TestResult['verdict'], number>> = { fail: 0, inconclusive: 1, pass: 2 };

function test(result: TestResult): string {
  const style = result.notApplicable ? 'na' : result.verdict;
  const open = result.verdict === 'fail' ? ' open' : '';
  return `<details class="test"${open}><summary><span class="verdict ${style}">${escaped(verdictText(result))}</span><span class="id">${escaped(result.id)}</span><span>${escaped(result.title)}</span></summary><div>
<p>${escaped(result.purpose)} <span class="dim">${escaped(result.reference)}; ${Math.round(result.durationMs)} ms</span></p>
${result.reason === null ? '' : `<p class="reason ${style}">${escaped(result.reason)}</p>`}
${frames(result.evidence)}
</div></details>`;
}

const ARROWS: Readonly<Record<EvidenceEntry['direction'], string>> = {
  out: '→ meter',
  in: '← meter',
  note: '',
};

function frames(evidence: readonly EvidenceEntry[]): string {
  if (evidence.length === 0) return '';
  const rows = evidence.map(
    ({ direction, timeMs, hex, note }) =>
      `<tr><td class="num">${timeMs.toFixed(1)}</td><td>${ARROWS[direction]}</td><td>${escaped(note)}</td><td class="hex">${escaped(hex)}</td></tr>`,
  );
  return `<details><summary>${evidence.length} frames</summary><div class="scroll"><table><thead><tr><th>ms</th><th></th><th>meaning</th><th>bytes</th></tr></thead><tbody>${rows.join('')}</tbody></table></div></details>`;
}
