import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const COPIED = ['src', 'test', 'asm', 'scripts', 'package.json', 'tsconfig.json', 'bunfig.toml'];
const LINKED = ['node_modules', 'drizzle', 'ui', 'dist', 'README.md'];

/** A copy of the project in which files can be changed. Only what no test changes is shared. */
export class Copy {
  readonly path: string;
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
    this.path = mkdtempSync(join(tmpdir(), 'mutants-'));
    process.once('exit', () => this.remove());
    for (const name of COPIED) cpSync(join(root, name), join(this.path, name), { recursive: true });
    for (const name of LINKED) symlinkSync(join(root, name), join(this.path, name));
  }

  write(name: string, content: string): void {
    writeFileSync(join(this.path, name), content);
  }

  /** Puts the file back as it is in the project. */
  restore(name: string): void {
    cpSync(join(this.#root, name), join(this.path, name));
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** An interrupted run leaves no copies behind either. */
export function removeCopiesOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
}
