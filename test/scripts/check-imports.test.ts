import { afterEach, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { checkImports } from '../../scripts/check-imports.ts';

const roots: string[] = [];

function tree(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'check-imports-'));
  roots.push(root);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true });
});

/** A small house that keeps every rule. */
const CLEAN = {
  'src/base/errors.ts': 'export const row = 1;\n',
  'src/kernels/index.ts': "import { row } from '../base/errors.ts';\nexport const kernel = row;\n",
  'src/dlms/data.ts':
    "import { kernel } from '../kernels/index.ts';\n/** new Date() and setTimeout are words here. */\nexport const text = 'await Date.now()';\nexport const half = kernel / 2; // / async\nexport const like = /'async await/;\nexport const at = { async: 1 };\n",
  'src/plc/frame.ts': "export { row } from '../base/errors.ts';\n",
  'src/channels/tcp.ts': "import { connect } from 'node:net';\nexport { connect };\n",
  'src/meters/session.ts': "import { text } from '../dlms/data.ts';\nexport const session = text;\n",
  'src/tasks/plan.ts': "import { session } from '../meters/session.ts';\nexport const plan = session;\n",
  'src/security/address.ts': "import { isIP, isIPv4 as four } from 'node:net';\nexport { isIP, four };\n",
  'src/store/db.ts': "import { sql } from 'drizzle-orm';\nexport { sql };\n",
  'src/api/app.ts':
    "import { Elysia } from 'elysia';\nexport type App = Elysia;\nexport * from '../tasks/plan.ts';\n",
  'src/concentrator.ts': "export * from './api/app.ts';\nexport * from './store/db.ts';\n",
  'src/cli/serve.ts': "export * from '../concentrator.ts';\n",
  'src/main.ts': "import * as serve from './cli/serve.ts';\nexport { serve };\n",
  'ui/main.tsx':
    "import type { App } from '../src/api/app.ts';\nimport { type App as Same } from '../src/api/app.ts';\nexport type Both = App | Same;\n",
};

/** rule → files that break it and nothing else. */
const PLANTED: readonly [string, string, Readonly<Record<string, string>>][] = [
  [
    'direction',
    'base imports dlms',
    { 'src/base/up.ts': "import { text } from '../dlms/data.ts';\nexport { text };\n" },
  ],
  [
    'direction',
    'a type import upwards',
    { 'src/kernels/up.ts': "import type { text } from '../dlms/data.ts';\nexport type T = typeof text;\n" },
  ],
  [
    'direction',
    'an import() type upwards',
    { 'src/base/up.ts': "export type T = typeof import('../dlms/data.ts');\n" },
  ],
  [
    'direction',
    'a dynamic import upwards',
    { 'src/channels/up.ts': "export const load = () => import('../meters/session.ts');\n" },
  ],
  ['direction', 'a re-export upwards', { 'src/meters/up.ts': "export * from '../tasks/plan.ts';\n" }],
  [
    'direction',
    'an import over several lines',
    { 'src/meters/up.ts': "import {\n  plan,\n} from '../tasks/plan.ts';\nexport { plan };\n" },
  ],
  ['direction', 'an import for its effect', { 'src/plc/up.ts': "import '../dlms/data.ts';\n" }],
  ['direction', 'headend imports tasks', { 'src/headend/up.ts': "export * from '../tasks/plan.ts';\n" }],
  ['direction', 'store knows a protocol', { 'src/store/up.ts': "export * from '../dlms/data.ts';\n" }],
  ['direction', 'device knows the kernels', { 'src/device/up.ts': "export * from '../kernels/index.ts';\n" }],
  ['direction', 'security knows the store', { 'src/security/up.ts': "export * from '../store/db.ts';\n" }],
  [
    'direction',
    'the simulator uses the product',
    { 'src/simulator/up.ts': "export * from '../meters/session.ts';\n" },
  ],
  ['direction', 'api imports the root', { 'src/api/up.ts': "export * from '../concentrator.ts';\n" }],
  [
    'direction',
    'the root imports a command',
    { 'src/concentrator.ts': "export * from './cli/serve.ts';\n", 'src/cli/serve.ts': 'export {};\n' },
  ],
  ['direction', 'bench imports a command', { 'src/bench/up.ts': "export * from '../cli/serve.ts';\n" }],
  ['direction', 'main reaches past the commands', { 'src/main.ts': "export * from './dlms/data.ts';\n" }],
  ['direction', 'a part that no rule names', { 'src/misc/thing.ts': 'export {};\n' }],
  [
    'direction',
    'src imports a test',
    { 'src/base/up.ts': "export * from '../../test/reference.ts';\n", 'test/reference.ts': 'export {};\n' },
  ],
  [
    'direction',
    'ui imports a type of the store',
    { 'ui/up.ts': "import type { sql } from '../src/store/db.ts';\nexport type S = typeof sql;\n" },
  ],
  [
    'types-only',
    'ui imports a value',
    { 'ui/up.ts': "import { plan } from '../src/api/app.ts';\nexport { plan };\n" },
  ],
  [
    'package-owner',
    'drizzle outside store',
    { 'src/tasks/up.ts': "import { eq } from 'drizzle-orm/sql';\nexport { eq };\n" },
  ],
  [
    'package-owner',
    'libsql outside store',
    { 'src/api/up.ts': "import { createClient } from '@libsql/client';\nexport { createClient };\n" },
  ],
  [
    'package-owner',
    'elysia outside api',
    { 'src/headend/up.ts': "import { Elysia } from 'elysia';\nexport { Elysia };\n" },
  ],
  [
    'package-owner',
    'jose outside security and api',
    { 'src/store/up.ts': "import * as jose from 'jose';\nexport { jose };\n" },
  ],
  [
    'package-owner',
    'a socket outside channels',
    { 'src/meters/up.ts': "import net from 'node:net';\nexport { net };\n" },
  ],
  ['package-owner', 'require counts', { 'src/tasks/up.ts': "export const x = require('drizzle-orm');\n" }],
  ['purity', 'node in dlms', { 'src/dlms/up.ts': "import { join } from 'node:path';\nexport { join };\n" }],
  ['purity', 'bun in plc', { 'src/plc/up.ts': "import { file } from 'bun';\nexport { file };\n" }],
  ['purity', 'Date.now', { 'src/dlms/up.ts': 'export const x = Date.now();\n' }],
  ['purity', 'new Date', { 'src/plc/up.ts': 'export const x = new Date(0);\n' }],
  ['purity', 'setTimeout', { 'src/dlms/cosem/up.ts': 'setTimeout(() => {}, 1);\nexport {};\n' }],
  ['purity', 'Math.random', { 'src/dlms/up.ts': 'export const x = Math.random();\n' }],
  ['purity', 'async', { 'src/dlms/up.ts': 'export const f = async (): void => {};\n' }],
  [
    'purity',
    'await inside a template',
    { 'src/dlms/up.ts': `export const f = (x: string) => \`a \${await x} b\`;\n` },
  ],
  [
    'circle',
    'two files of one part',
    { 'src/dlms/a.ts': "export * from './b.ts';\n", 'src/dlms/b.ts': "export * from './a.ts';\n" },
  ],
  [
    'circle',
    'through types alone',
    {
      'src/dlms/a.ts': "import type { b } from './b.ts';\nexport const a: typeof b = 1;\n",
      'src/dlms/b.ts': "import type { a } from './a.ts';\nexport const b: typeof a = 1;\n",
    },
  ],
  ['unresolved', 'no extension', { 'src/base/up.ts': "export * from './errors';\n" }],
];

describe('import rules', () => {
  test('a house that keeps them is passed', () => {
    const { files, violations } = checkImports(tree(CLEAN));
    expect(violations).toEqual([]);
    expect(files).toBe(Object.keys(CLEAN).length);
  });

  for (const [rule, name, files] of PLANTED) {
    test(`${rule}: ${name}`, () => {
      const { violations } = checkImports(tree({ ...CLEAN, ...files }));
      expect(violations.map((violation): string => violation.rule)).toEqual([rule]);
      expect(Object.keys(files)).toContain(violations[0]?.file ?? '');
    });
  }

  test('an empty tree counts no file', () => {
    expect(checkImports(tree({ 'README.md': '' })).files).toBe(0);
  });
});
