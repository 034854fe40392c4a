import { Alert, Button, Drawer, FileInput, Group, Select, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { type Result, request } from '../../api/client.ts';
import { useChange } from '../../api/queries.ts';
import { bytesText } from '../../format.ts';
import { Problem, told } from '../../parts/problem.tsx';
import { TARGETS } from './firmware-targets.ts';

type Target = NonNullable<Result<'GET /api/modules'>['rows'][number]['upgrade']>['target'];

const LONGEST_IMAGE = 2.5 * 1024 * 1024;

/** Takes an image, shows what it is, and hands it over once the channel's name was typed in. */
export function FirmwareDrawer({
  channel,
  opened,
  onClose,
}: {
  readonly channel: string;
  readonly opened: boolean;
  readonly onClose: () => void;
}) {
  return (
    <Drawer
      opened={opened}
      onClose={onClose}
      position="right"
      size="lg"
      title={
        <Text fw={600} size="lg">
          Firmware of {channel}
        </Text>
      }
    >
      <FirmwareForm channel={channel} onClose={onClose} />
    </Drawer>
  );
}

function FirmwareForm({ channel, onClose }: { readonly channel: string; readonly onClose: () => void }) {
  const [file, setFile] = useState<File | null>(null);
  const [digest, setDigest] = useState('');
  const [target, setTarget] = useState<string>('module');
  const [typed, setTyped] = useState('');
  const [error, setError] = useState<unknown>();
  const hand = useChange(
    (image: string) =>
      request('POST /api/modules/:channel/firmware', {
        params: { channel },
        body: { image, target: target as Target },
      }),
    ['modules'],
  );
  const tooLong = file !== null && file.size > LONGEST_IMAGE;
  const empty = file !== null && file.size === 0;
  const fits = file !== null && !tooLong && !empty;
  const take = async (chosen: File | null): Promise<void> => {
    setFile(chosen);
    setDigest('');
    setTyped('');
    if (chosen === null || chosen.size > LONGEST_IMAGE) return;
    try {
      setDigest(await sha256(chosen));
    } catch (thrown) {
      setError(thrown);
    }
  };
  const submit = async (): Promise<void> => {
    if (file === null || !fits || typed.trim() !== channel) return;
    setError(undefined);
    try {
      await hand.mutateAsync(await base64(file));
      told('The firmware is being handed over.');
      onClose();
    } catch (thrown) {
      setError(thrown);
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Stack>
        {error !== undefined && <Problem error={error} />}
        <FileInput
          label="Image"
          description={`As the vendor gives it, up to ${bytesText(LONGEST_IMAGE)}`}
          placeholder="Choose a file"
          value={file}
          onChange={(chosen) => void take(chosen)}
          error={tooLong ? 'This file is too long' : empty ? 'This file is empty' : undefined}
          clearable
        />
        {fits && (
          <Text size="xs" c="dimmed" ff="monospace" style={{ overflowWrap: 'anywhere' }}>
            {bytesText(file.size)} · SHA-256 {digest === '' ? '…' : digest}
          </Text>
        )}
        <Select
          label="For"
          data={Object.entries(TARGETS).map(([value, label]) => ({ value, label }))}
          value={target}
          onChange={(value) => setTarget(value ?? 'module')}
          allowDeselect={false}
        />
        <Alert color="yellow">
          Meters behind the module are not read meanwhile. A wrong image can make the module useless: compare
          the SHA-256 with that of the vendor.
        </Alert>
        <TextInput
          label={`Type ${channel} to confirm`}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          autoComplete="off"
          disabled={!fits}
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button
            type="submit"
            color="red"
            disabled={!fits || typed.trim() !== channel}
            loading={hand.isPending}
          >
            Hand over
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

async function sha256(file: File): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** What comes after the comma of a data URL. */
function base64(file: File): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const reader = new FileReader();
  reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ''));
  reader.onerror = () => reject(reader.error ?? new Error('The file could not be read.'));
  reader.readAsDataURL(file);
  return promise;
}
