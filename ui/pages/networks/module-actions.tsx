import { Button, Group, Menu, Modal, NumberInput, Select, Stack, Text } from '@mantine/core';
import { IconChevronDown, IconRefresh } from '@tabler/icons-react';
import { useState } from 'react';
import { request } from '../../api/client.ts';
import { useChange, useRight } from '../../api/queries.ts';
import { failed, messageOf, told } from '../../parts/problem.tsx';
import { FirmwareDrawer } from './firmware-drawer.tsx';
import type { Module } from './module-words.ts';

/** Of Q/GDW 10376.2, 05F16. */
const BANDS = ['1.953 to 11.96 MHz', '2.441 to 5.615 MHz', '0.781 to 2.93 MHz', '1.758 to 2.93 MHz'];

/** What one can have a module do, as far as the account may. */
export function ModuleActions({ module }: { readonly module: Module }) {
  const { channel, network, searching, state, upgrade } = module;
  const [dialog, setDialog] = useState<'register' | 'band' | 'firmware' | undefined>();
  const close = (): void => setDialog(undefined);
  const mayLook = useRight('readings.execute');
  const mayRegister = useRight('meters.write');
  const mayConfigure = useRight('settings.write');
  const usable = state === 'running' || state === 'working';
  const upgrading = upgrade?.state === 'running';
  const look = useChange(
    () => request('POST /api/networks/:channel/refresh', { params: { channel } }),
    ['modules', 'network', 'found'],
  );
  return (
    <Group gap="xs">
      {mayLook && (
        <Button
          variant="default"
          leftSection={<IconRefresh size={16} />}
          loading={look.isPending || network.looking}
          disabled={!usable}
          onClick={() =>
            look.mutate(undefined, {
              onSuccess: ({ nodes }) => told(`The network has ${nodes} nodes.`),
              onError: (error) => failed('The network could not be looked at', error),
            })
          }
        >
          Look again
        </Button>
      )}
      {mayRegister && (
        <Button variant="default" disabled={!usable || searching} onClick={() => setDialog('register')}>
          Let devices register
        </Button>
      )}
      {mayConfigure && (
        <Menu position="bottom-end">
          <Menu.Target>
            <Button variant="default" rightSection={<IconChevronDown size={14} />}>
              More
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item disabled={!usable} onClick={() => setDialog('band')}>
              Frequency band…
            </Menu.Item>
            <Menu.Item disabled={!usable || upgrading} onClick={() => setDialog('firmware')}>
              Firmware…
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
      <Modal opened={dialog === 'register'} onClose={close} title="Let devices register">
        <RegisterForm channel={channel} onClose={close} />
      </Modal>
      <Modal opened={dialog === 'band'} onClose={close} title="Frequency band">
        <BandForm channel={channel} onClose={close} />
      </Modal>
      <FirmwareDrawer channel={channel} opened={dialog === 'firmware'} onClose={close} />
    </Group>
  );
}

interface FormProps {
  readonly channel: string;
  readonly onClose: () => void;
}

function RegisterForm({ channel, onClose }: FormProps) {
  const [minutes, setMinutes] = useState<number | string>(10);
  const open = useChange(
    (value: number) =>
      request('POST /api/networks/:channel/discover', { params: { channel }, body: { minutes: value } }),
    ['modules'],
  );
  const value = Number(minutes);
  const fits = Number.isInteger(value) && value >= 1 && value <= 1440;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (!fits) return;
        open.mutate(value, {
          onSuccess: () => {
            told('Registration is open.');
            onClose();
          },
        });
      }}
    >
      <Stack>
        <Text size="sm">
          Devices that nobody has entered may register at the module. They wait in Archive → Found Devices
          until somebody accepts them. Reading goes on more slowly meanwhile.
        </Text>
        <NumberInput
          label="For how many minutes"
          min={1}
          max={1440}
          value={minutes}
          onChange={setMinutes}
          error={fits ? undefined : 'Must be a whole number from 1 to 1440'}
          data-autofocus
        />
        <Failure error={open.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" disabled={!fits} loading={open.isPending}>
            Open registration
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function BandForm({ channel, onClose }: FormProps) {
  const [band, setBand] = useState<string | null>(null);
  const change = useChange(
    (value: number) =>
      request('POST /api/networks/:channel/band', { params: { channel }, body: { band: value } }),
    ['modules', 'network', 'channel-attributes'],
  );
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (band === null) return;
        change.mutate(Number(band), {
          onSuccess: () => {
            told('The band has been changed. The network forms anew.');
            onClose();
          },
        });
      }}
    >
      <Stack>
        <Text size="sm">
          The network forms anew on the other band. That takes minutes, in which no meter can be read. Devices
          that cannot use the band are lost until it is changed back.
        </Text>
        <Select
          label="Band"
          placeholder="Choose one"
          data={BANDS.map((label, index) => ({ value: String(index), label: `${index}: ${label}` }))}
          value={band}
          onChange={setBand}
          data-autofocus
        />
        <Failure error={change.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" color="red" disabled={band === null} loading={change.isPending}>
            Change the band
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Failure({ error }: { readonly error: unknown }) {
  return error === null ? null : (
    <Text size="sm" c="red" role="alert">
      {messageOf(error)}
    </Text>
  );
}
