/** What a checker sees of a TypeScript file; offsets and line breaks are those of the file. */
export interface SourceText {
  /** Comments blanked. */
  readonly code: string;
  /** Comments and the insides of strings, templates and regular expressions blanked. */
  readonly bare: string;
}

/** A `/` behind one of these (or at the start) begins a regular expression, elsewhere it divides. */
const BEFORE_REGEX =
  /(?:^|[=(,:;!&|?{}[+\-*%<>~^]|\b(?:return|typeof|case|in|of|do|else|void|delete|throw|await))\s*$/;

type Mode = 'code' | 'template';

/** Blanks what is no code; understands nested templates. JSX text counts as code. */
export function readSource(text: string): SourceText {
  const code = text.split('');
  const bare = text.split('');
  const erase = (from: number, to: number, alsoFromCode: boolean): void => {
    for (let i = from; i < to && i < text.length; i++) {
      if (text[i] === '\n') continue;
      bare[i] = ' ';
      if (alsoFromCode) code[i] = ' ';
    }
  };
  /** Index behind the closing `quote`, escapes skipped; a line's end closes what is not a template. */
  const endOf = (from: number, quote: string): number => {
    let i = from;
    let inClass = false;
    while (i < text.length && text[i] !== '\n') {
      const c = text[i];
      if (c === '\\') i++;
      else if (quote === '/' && c === '[') inClass = true;
      else if (quote === '/' && c === ']') inClass = false;
      else if (c === quote && !inClass) return i + 1;
      i++;
    }
    return i;
  };

  const modes: { mode: Mode; depth: number }[] = [{ mode: 'code', depth: 0 }];
  let i = 0;
  while (i < text.length) {
    const top = modes.at(-1);
    if (top === undefined) break;
    const c = text[i];
    if (top.mode === 'template') {
      if (c === '`') {
        modes.pop();
        i++;
      } else if (c === '$' && text[i + 1] === '{') {
        modes.push({ mode: 'code', depth: 0 });
        i += 2;
      } else {
        const width = c === '\\' ? 2 : 1;
        erase(i, i + width, false);
        i += width;
      }
    } else if (c === '/' && (text[i + 1] === '/' || text[i + 1] === '*')) {
      const close = text[i + 1] === '/' ? text.indexOf('\n', i) : text.indexOf('*/', i + 2) + 2;
      const end = close < i + 2 ? text.length : close;
      erase(i, end, true);
      i = end;
    } else if (
      c === "'" ||
      c === '"' ||
      (c === '/' && BEFORE_REGEX.test(bare.slice(Math.max(0, i - 40), i).join('')))
    ) {
      const end = endOf(i + 1, c);
      erase(i + 1, end - 1, false);
      i = end;
    } else {
      if (c === '`') modes.push({ mode: 'template', depth: 0 });
      else if (c === '{') top.depth++;
      else if (c === '}' && top.depth-- === 0 && modes.length > 1) modes.pop();
      i++;
    }
  }
  return { code: code.join(''), bare: bare.join('') };
}

export interface ImportSite {
  readonly specifier: string;
  /** Names in the braces, in the module's own spelling; empty for everything else. */
  readonly names: readonly string[];
  /** `import type`, `export type`, or braces in which every name says `type`. */
  readonly typeOnly: boolean;
  readonly offset: number;
}

const STATIC = /(?<![\w$.])(import|export)\s+(type\s+(?!from\b))?([^'"`;()=]*?)\bfrom\s*(['"])([^'"\n]+)\4/g;
const BARE_OR_CALL = /(?<![\w$.])(?:import\s*\(?|require\s*\()\s*(['"`])([^'"`\n]+)\1/g;
const TYPE_POSITION = /(?:[:<|&=,(]|\btypeof|\bextends|\bkeyof)\s*$/;

/** All imports and re-exports of a file: static, for their side effects, dynamic, `require`, and `import('…')` types. */
export function importsOf({ code, bare }: SourceText): ImportSite[] {
  const sites: ImportSite[] = [];
  for (const match of code.matchAll(STATIC)) {
    if (bare[match.index] === ' ') continue;
    const names = match[3] ?? '';
    const braces = /^\s*\{([^}]*)\}\s*$/.exec(names)?.[1];
    const listed = (braces ?? '')
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '');
    const allTypes = listed.length > 0 && listed.every((name) => /^type\s/.test(name));
    sites.push({
      specifier: match[5] ?? '',
      names: listed.map((name) => name.replace(/^type\s+/, '').replace(/\s+as\s.*$/, '')),
      typeOnly: match[2] !== undefined || allTypes,
      offset: match.index,
    });
  }
  for (const match of code.matchAll(BARE_OR_CALL)) {
    if (bare[match.index] === ' ') continue;
    const isCall = /\(/.test(match[0]);
    const after = bare.slice(match.index + match[0].length).match(/^\s*\)\s*\.\s*[A-Z]/);
    const before = bare.slice(Math.max(0, match.index - 20), match.index);
    sites.push({
      specifier: match[2] ?? '',
      names: [],
      typeOnly: isCall && after !== null && TYPE_POSITION.test(before),
      offset: match.index,
    });
  }
  return sites.sort((a, b) => a.offset - b.offset);
}
