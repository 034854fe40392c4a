import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { equalBytes } from '../../src/base/bytes.ts';
import { IMAGE_STATUS } from '../../src/dlms/cosem/image-transfer-object.ts';
import { Signer } from '../headend/firmware-images.ts';
import { AUTHENTICATION_KEY, ENCRYPTION_KEY, openServed, PASSWORD } from '../headend/served.ts';
import type { Cell } from './directions.ts';
import { type Environment, pythonPeer } from './environments.ts';
import { askPeer, HES_TITLE, outcome } from './head-end-peer.ts';

export const HEAD_END_IMAGE = 'Gurux as head-end, firmware of the concentrator';

/** What became of one image. */
interface Transferred {
  readonly blocks: number;
  readonly missing: number;
  readonly verified: number;
  readonly activated: number;
}

const EXECUTABLE = Uint8Array.from({ length: 30_000 }, (_, i) => (i * 7) & 0xff);

/**
 * The Gurux client transfers two images to a concentrator: one that a stranger has signed, which must be refused and leave nothing
 * behind, and a sound one, which must be the one to start next.
 */
export async function headEndImageCells(environment?: Environment): Promise<Cell[]> {
  const gurux = environment ?? (await pythonPeer('gurux', ['-O']));
  const served = await openServed({ meters: 1 });
  try {
    const signer = new Signer();
    signer.trust(served.house.directory);
    await served.attributes({
      'hes.auth': 'hls-gmac',
      'hes.rights': 'full',
      'hes.encryption.key': ENCRYPTION_KEY,
      'hes.authentication.key': AUTHENTICATION_KEY,
    });
    const images = [await new Signer().image('6.6.6', EXECUTABLE), await signer.image('1.2.3', EXECUTABLE)];
    const told = await outcome(() =>
      askPeer<readonly Transferred[]>(gurux, 'hes_image', {
        port: served.port,
        world: { password: new TextEncoder().encode(PASSWORD).toHex(), clientTitle: HES_TITLE },
        kind: {
          client: 1,
          auth: 'hls-gmac',
          suite: 0,
          encryptionKey: ENCRYPTION_KEY,
          authenticationKey: AUTHENTICATION_KEY,
        },
        images: images.map((image) => ({ name: 'opendcu', image: image.toHex() })),
      }),
    );
    const home = join(served.house.directory, 'firmware');
    const checks: Readonly<Record<string, (told: readonly Transferred[]) => void>> = {
      'image of a stranger': ([stranger]) => {
        if (stranger?.verified !== IMAGE_STATUS['verification-failed'])
          throw new Error(JSON.stringify(stranger));
        if (existsSync(join(home, '6.6.6'))) throw new Error('it lies on the disk');
      },
      image: ([, sound]) => {
        if (sound?.activated !== IMAGE_STATUS['activation-successful'])
          throw new Error(JSON.stringify(sound));
        if (sound.missing !== sound.blocks) throw new Error(`${sound.missing} of ${sound.blocks} blocks`);
        const placed = new Uint8Array(readFileSync(join(home, 'current', 'dcu')));
        if (!equalBytes(placed, EXECUTABLE)) throw new Error('it is not what was transferred');
      },
    };
    const cells: Cell[] = [];
    const common = {
      direction: HEAD_END_IMAGE,
      framing: 'wrapper',
      referencing: 'ln',
      association: 'hls-gmac',
    } as const;
    for (const [operation, check] of Object.entries(checks)) {
      const checked = 'value' in told ? await outcome(async () => check(told.value)) : told;
      cells.push(
        'value' in checked
          ? { ...common, operation, outcome: 'passed' }
          : { ...common, operation, outcome: 'failed', reason: checked.reason },
      );
    }
    return cells;
  } finally {
    await served.end();
  }
}
