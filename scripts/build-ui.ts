import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';

/**
 * Builds the GUI into `dist/ui` and writes the module by which the program carries it: one import per compressed
 * file, so that `bun src/main.ts` finds them on disk and a compiled executable inside itself.
 * Does nothing when the sources are those of the last build.
 */

const root = join(import.meta.dir, '..');
const outDir = join(root, 'dist', 'ui');
/**
 * In the order of the cascade. They are joined as they are: Bun's own CSS minifier drops custom properties of
 * mantine-datatable and makes Mantine's sheet larger.
 */
const styleSheets = [
  'node_modules/@mantine/core/styles.css',
  'node_modules/@mantine/notifications/styles.css',
  'node_modules/mantine-datatable/dist/styles.css',
  'node_modules/uplot/dist/uPlot.min.css',
  'ui/main.css',
];
const generated = join(root, 'src', 'api', 'ui-assets.gen.ts');

export async function buildUi(): Promise<'built' | 'up-to-date'> {
  const stamp = await sourceStamp();
  if (await isBuilt(stamp)) return 'up-to-date';
  const result = await Bun.build({
    entrypoints: [join(root, 'ui', 'index.html')],
    minify: true,
    splitting: true,
    target: 'browser',
    publicPath: '/',
    naming: { entry: '[name].[ext]', chunk: '[name]-[hash].[ext]', asset: '[name]-[hash].[ext]' },
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  await rm(outDir, { recursive: true, force: true });
  await mkdir(outDir, { recursive: true });
  const style = await styleSheet();
  const files = await Promise.all(
    result.outputs.map(async (output) => {
      const name = basename(output.path);
      if (name !== 'index.html') return { name, bytes: new Uint8Array(await output.arrayBuffer()) };
      const html = (await output.text()).replace(
        '</head>',
        `<link rel="stylesheet" href="/${style.name}"></head>`,
      );
      return { name, bytes: new TextEncoder().encode(html) };
    }),
  );
  const assets = await Promise.all(
    [...files, style].map(async ({ name, bytes }) => {
      const file = `${name}.gz`;
      await Bun.write(join(outDir, file), gzipSync(bytes, { level: 9 }));
      return { name, file, etag: `"${shortHash(bytes)}"` };
    }),
  );
  assets.sort((a, b) => (a.name < b.name ? -1 : 1));
  await Bun.write(
    generated,
    [
      `// ${stamp}`,
      "import type { UiAsset } from './assets.ts';",
      ...assets.map(({ file }, i) => `import file${i} from '../../dist/ui/${file}' with { type: 'file' };`),
      '',
      'export const uiAssets: readonly UiAsset[] = [',
      ...assets.map(({ name, etag }, i) => `  { name: '${name}', file: file${i}, etag: '${etag}' },`),
      '];',
      '',
    ].join('\n'),
  );
  return 'built';
}

async function styleSheet(): Promise<{ readonly name: string; readonly bytes: Uint8Array }> {
  const sheets = await Promise.all(styleSheets.map((sheet) => Bun.file(join(root, sheet)).text()));
  const bytes = new TextEncoder().encode(sheets.join('\n'));
  return { name: `style-${shortHash(bytes)}.css`, bytes };
}

const shortHash = (bytes: Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex').slice(0, 16);

/** Changes with any source of the GUI, any dependency and this script. */
async function sourceStamp(): Promise<string> {
  const hash = createHash('sha256');
  const sources = [...new Bun.Glob('ui/**/*').scanSync({ cwd: root })].sort();
  for (const source of [...sources, 'bun.lock', 'scripts/build-ui.ts']) {
    hash.update(source).update(await Bun.file(join(root, source)).bytes());
  }
  return hash.digest('hex');
}

async function isBuilt(stamp: string): Promise<boolean> {
  const module = Bun.file(generated);
  if (!(await module.exists())) return false;
  const text = await module.text();
  if (!text.startsWith(`// ${stamp}\n`)) return false;
  const files = [...text.matchAll(/dist\/ui\/([^']+)'/g)].map((match) => join(outDir, match[1] ?? ''));
  const there = await Promise.all(files.map((file) => Bun.file(file).exists()));
  return there.every((exists) => exists);
}

if (import.meta.main) console.log(`GUI: ${await buildUi()}`);
