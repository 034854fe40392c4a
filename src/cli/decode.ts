import { Command, Option } from 'commander';
import { fromHex } from '../base/bytes.ts';
import { DcuError } from '../base/errors.ts';
import {
  type DataNode,
  type Decoded,
  decodeTelegram,
  TRANSPORTS,
  type Transport,
} from '../dlms/decode/index.ts';
import type { CliCommand } from './command.ts';

/** Longest input: far above any APDU, far below what would hurt. */
const MAX_BYTES = 1 << 20;

interface Options {
  readonly json?: boolean;
  readonly encryptionKey?: string;
  readonly authenticationKey?: string;
  readonly systemTitle?: string;
  readonly transport: Transport;
}

/** `dcu decode`: what a frame or APDU says, without any connection. */
export const decodeCommand: CliCommand = {
  build(io) {
    return new Command('decode')
      .description('translate frames or an APDU into a tree and its readings')
      .argument('<hex>', 'bytes in hexadecimal (blanks and colons allowed), or - for standard input')
      .option('--json', 'one JSON document')
      .option('--encryption-key <hex>', 'global unicast encryption key, 16 bytes')
      .option('--authentication-key <hex>', 'authentication key, 16 bytes')
      .option('--system-title <hex>', "the sender's, 8 bytes; for ciphering that does not carry it")
      .addOption(
        new Option('--transport <kind>', 'what carries the APDU')
          .choices(TRANSPORTS)
          .default('auto' satisfies Transport),
      )
      .action(async (hex: string, options: Options) => {
        const bytes = fromHex(hex === '-' ? await readStandardInput() : hex, 'hex');
        if (bytes.length > MAX_BYTES) {
          throw new DcuError('invalid-argument', `more than ${MAX_BYTES} bytes`, { field: 'hex' });
        }
        const decoded = decodeTelegram(bytes, {
          transport: options.transport,
          ...sized('encryptionKey', options.encryptionKey, 16),
          ...sized('authenticationKey', options.authenticationKey, 16),
          ...sized('systemTitle', options.systemTitle, 8),
        });
        io.out(options.json === true ? JSON.stringify({ ok: true, ...decoded }) : textOf(decoded));
      });
  },
};

async function readStandardInput(): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of Bun.stdin.stream()) {
    text += decoder.decode(chunk, { stream: true });
    // Two digits a byte, and as much again for blanks and line ends.
    if (text.length > 4 * MAX_BYTES) {
      throw new DcuError('invalid-argument', `more than ${MAX_BYTES} bytes`, { field: 'hex' });
    }
  }
  return text;
}

/** Bytes of an optional key; errors name the field, never the value. */
function sized<Name extends string>(
  field: Name,
  hex: string | undefined,
  length: number,
): { readonly [N in Name]?: Uint8Array } {
  if (hex === undefined) return {};
  const bytes = fromHex(hex, field);
  if (bytes.length !== length) {
    throw new DcuError('invalid-argument', `${field} has ${length} bytes, not ${bytes.length}`, { field });
  }
  const named: { [N in Name]?: Uint8Array } = {};
  named[field] = bytes;
  return named;
}

function textOf({ layers, apdu, readings, dateTime }: Decoded): string {
  const lines = [`layers    ${layers.join(' > ')}`];
  if (dateTime !== null) lines.push(`date-time ${dateTime}`);
  for (const { obis, value, scaler, unit } of readings) {
    const scale = scaler === null || scaler === 0 ? '' : ` × 10^${scaler}`;
    lines.push(`${obis.padEnd(18)} ${value}${scale}${unit === null ? '' : ` ${unit}`}`);
  }
  lines.push(...treeLines(apdu, ''));
  return lines.join('\n');
}

type Node = Decoded['apdu'][string] | DataNode;

/** The tree, one node a line, children indented. */
function treeLines(node: Node, indent: string): string[] {
  if (typeof node !== 'object') return [`${indent}${node}`];
  const lines: string[] = [];
  const below = `${indent}  `;
  const entries = Object.entries(node) as [string, Node][];
  const flat = entries.filter(([name, value]) => typeof value !== 'object' && name !== 'type');
  const deep = entries.filter(([, value]) => typeof value === 'object');
  const type = 'type' in node ? `${String(node.type)} ` : '';
  lines.push(
    `${indent}${type}${flat.map(([name, value]) => `${name}=${String(value)}`).join(' ')}`.trimEnd(),
  );
  for (const [name, value] of deep) {
    if (name !== 'elements' && !/^\d+$/.test(name)) lines.push(`${below}${name}:`);
    if (Array.isArray(value)) for (const item of value as Node[]) lines.push(...treeLines(item, below));
    else lines.push(...treeLines(value, below));
  }
  return lines;
}
