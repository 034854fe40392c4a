import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { tcpOpener } from '../../src/channels/tcp.ts';
import type { Report } from '../../src/conformance/report.ts';
import { reportHtml } from '../../src/conformance/report-html.ts';
import { runConformance } from '../../src/conformance/runner.ts';
import { type Environment, javaPeer, pythonPeer } from '../interop/environments.ts';
import {
  authenticationKey,
  CLIENT_TITLE,
  encryptionKey,
  FRAMINGS,
  type Framing,
  KINDS,
  type Kind,
  PASSWORD,
  worldForPeers,
} from '../interop/world.ts';
import { TIMEOUT_MS, targetFor } from './sound-meter.ts';

/** A server of somebody else, made for the interoperability tests. */
interface Peer {
  readonly name: string;
  readonly environment: () => Promise<Environment>;
  readonly program: string;
  /** Logical device that serves a kind of association. */
  readonly server: (kind: Kind) => number;
}

const PEERS: readonly Peer[] = [
  { name: 'gurux', environment: () => pythonPeer('gurux'), program: 'meter', server: () => 1 },
  { name: 'jdlms', environment: javaPeer, program: 'InteropServer', server: ({ client }) => client },
];
const TESTED: readonly string[] = ['none', 'lls', 'hls-gmac, suite 0'];
const ANSWER_MS = 1000;
const SILENCE_MS = 150;

/** Writes a page for each peer, framing and association into `directory`; says what each came to. */
export async function reportPeers(
  directory: string,
  say: (line: string, report: Report) => void,
): Promise<void> {
  mkdirSync(directory, { recursive: true });
  for (const peer of PEERS) {
    const { command } = await peer.environment();
    const child = Bun.spawn([...command(peer.program)], { stdin: 'pipe', stdout: 'pipe', stderr: 'ignore' });
    try {
      await child.stdin.write(`${worldForPeers()}\n`);
      await child.stdin.flush();
      const ports = await portsOf(child.stdout);
      for (const framing of FRAMINGS) {
        for (const kind of KINDS.filter(({ name }) => TESTED.includes(name))) {
          const port = ports[`${framing}/ln`] ?? ports[framing];
          if (port === undefined) throw new Error(`${peer.name} serves no ${framing}`);
          const report = await runConformance(target(framing, kind, peer.server(kind), port));
          const name = `${peer.name}-${framing}-${kind.auth}`;
          await Bun.write(join(directory, `${name}.html`), reportHtml(report));
          say(name, report);
        }
      }
    } finally {
      child.kill();
      await child.exited;
    }
  }
}

/** The first line of output: `{"ports": {"wrapper": …}}`. */
async function portsOf(output: ReadableStream<Uint8Array>): Promise<Readonly<Record<string, number>>> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of output) {
    text += decoder.decode(chunk, { stream: true });
    const end = text.indexOf('\n');
    if (end >= 0) return JSON.parse(text.slice(0, end)).ports;
  }
  throw new Error(`the peer ended without saying its ports: ${text}`);
}

function target(framing: Framing, kind: Kind, server: number, port: number) {
  const { auth, suite, client } = kind;
  const opener = tcpOpener({ host: '127.0.0.1', port, connectTimeoutMs: TIMEOUT_MS });
  const meter = {
    framing,
    client,
    server,
    addressBytes: 1 as const,
    auth,
    suite: suite ?? 0,
    password: new TextDecoder().decode(PASSWORD),
    encryptionKey: encryptionKey(suite),
    authenticationKey: authenticationKey(suite),
  };
  const { security, ...rest } = targetFor(meter, opener);
  return {
    ...rest,
    security: { ...security, systemTitle: CLIENT_TITLE },
    timeoutMs: ANSWER_MS,
    quietMs: SILENCE_MS,
  };
}
