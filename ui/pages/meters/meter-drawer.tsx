import {
  Button,
  Drawer,
  Group,
  NumberInput,
  PasswordInput,
  Select,
  SimpleGrid,
  Stack,
  Switch,
  Text,
  TextInput,
} from '@mantine/core';
import { useForm } from '@mantine/form';
import { useEffect } from 'react';
import type { Meter } from '../../../src/api/contract.ts';
import { ApiError, request } from '../../api/client.ts';
import { useChange, useChoices } from '../../api/queries.ts';
import { Problem, told } from '../../parts/problem.tsx';
import { bodyOf, formOf, type MeterForm, meterValidation } from './meter-form.ts';

/** TCP meters carry an address each; other channels bring their own. */
const TCP_METERS = 12;

/** Adds a meter, or edits the one given. */
export function MeterDrawer({
  opened,
  meter,
  onClose,
}: {
  readonly opened: boolean;
  readonly meter: Meter | undefined;
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
          {meter === undefined ? 'Add meter' : `Edit meter ${meter.meterNo}`}
        </Text>
      }
    >
      {opened && <MeterFields key={meter?.id ?? 'new'} meter={meter} onClose={onClose} />}
    </Drawer>
  );
}

function MeterFields({
  meter,
  onClose,
}: {
  readonly meter: Meter | undefined;
  readonly onClose: () => void;
}) {
  const choices = useChoices().data;
  const first = {
    channel: choices?.channels.find((channel) => channel.commType === TCP_METERS)?.name ?? '',
    task: choices?.tasks.find((task) => task === 'single_phase') ?? '',
    profile: choices?.profiles[0]?.name ?? '',
  };
  const form = useForm<MeterForm>({
    initialValues: formOf(meter, first),
    validate: meterValidation,
    validateInputOnBlur: true,
  });
  const { setFieldValue } = form;
  const { channel: firstChannel, task: firstTask, profile: firstProfile } = first;
  useEffect(() => {
    if (meter !== undefined || firstChannel === '') return;
    setFieldValue('channel', (before) => before || firstChannel);
    setFieldValue('task', (before) => before || firstTask);
    setFieldValue('profile', (before) => before || firstProfile);
  }, [meter, firstChannel, firstTask, firstProfile, setFieldValue]);
  const save = useChange(
    (body: ReturnType<typeof bodyOf>) =>
      meter === undefined
        ? request('POST /api/meters', { body })
        : request('PATCH /api/meters/:id', { params: { id: meter.id }, body }),
    ['meters', 'meter', 'home'],
  );
  const submit = form.onSubmit((values) =>
    save.mutate(bodyOf(values), {
      onSuccess: (saved) => {
        told(`Meter ${saved.meterNo} has been ${meter === undefined ? 'added' : 'saved'}.`);
        onClose();
      },
      onError: (error) => {
        if (error instanceof ApiError && error.field !== undefined)
          form.setFieldError(error.field, error.message);
      },
    }),
  );
  const { framing, addressBytes } = form.values.address;
  const { auth, policy } = form.values.security;
  const wantsKeys = auth === 'hls-gmac' || policy !== 'none';
  const placed = save.error instanceof ApiError && save.error.field !== undefined;
  const kept = (stored: boolean | undefined): string =>
    stored === true ? 'Stored; leave empty to keep it' : 'Not set';
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="lg">
        {save.isError && !placed && <Problem error={save.error} />}
        <Section title="Meter">
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <TextInput label="MeterNo" required data-autofocus {...form.getInputProps('meterNo')} />
            <Switch
              label="Enabled: the meter is read by its task"
              mt={{ base: 0, xs: 30 }}
              {...form.getInputProps('enabled', { type: 'checkbox' })}
            />
            <Select
              label="Channel"
              required
              data={choices?.channels.map((channel) => channel.name) ?? []}
              {...form.getInputProps('channel')}
            />
            <Select label="Task" required data={choices?.tasks ?? []} {...form.getInputProps('task')} />
            <Select
              label="Profile"
              required
              data={choices?.profiles.map(({ name, title }) => ({ value: name, label: title })) ?? []}
              {...form.getInputProps('profile')}
            />
            <NumberInput
              label="MAC"
              description="-1 = not yet known"
              inputWrapperOrder={['label', 'input', 'description', 'error']}
              {...form.getInputProps('mac')}
            />
          </SimpleGrid>
          <SimpleGrid cols={{ base: 2, xs: 5 }}>
            <NumberInput label="MeterType" {...form.getInputProps('meterType')} />
            <NumberInput label="Phase" {...form.getInputProps('phase')} />
            <NumberInput label="Credit" {...form.getInputProps('credit')} />
            <NumberInput label="Prepaid" {...form.getInputProps('prepaid')} />
            <NumberInput label="Wiring" {...form.getInputProps('wiring')} />
          </SimpleGrid>
        </Section>
        <Section title="Address">
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <Select
              label="Framing"
              allowDeselect={false}
              data={[
                { value: 'wrapper', label: 'TCP wrapper' },
                { value: 'hdlc', label: 'HDLC' },
              ]}
              {...form.getInputProps('address.framing')}
            />
            {framing === 'hdlc' && (
              <Select
                label="Address bytes"
                allowDeselect={false}
                data={['1', '2', '4']}
                {...form.getInputProps('address.addressBytes')}
              />
            )}
            <TextInput label="Host" placeholder="TCP meters only" {...form.getInputProps('address.host')} />
            <NumberInput label="Port" placeholder="TCP meters only" {...form.getInputProps('address.port')} />
            <NumberInput label="Client address" required {...form.getInputProps('address.clientAddress')} />
            <NumberInput
              label={framing === 'hdlc' ? 'Logical device address' : 'Server address'}
              required
              {...form.getInputProps('address.serverAddress')}
            />
            {framing === 'hdlc' && addressBytes !== '1' && (
              <NumberInput
                label="Physical device address"
                required
                {...form.getInputProps('address.physicalAddress')}
              />
            )}
            <Select
              label="Names of objects"
              allowDeselect={false}
              data={[
                { value: 'ln', label: 'Logical names (LN)' },
                { value: 'sn', label: 'Short names (SN)' },
                { value: 'auto', label: 'What the meter offers' },
              ]}
              {...form.getInputProps('address.referencing')}
            />
          </SimpleGrid>
        </Section>
        <Section title="Security">
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <Select
              label="Authentication"
              allowDeselect={false}
              data={[
                { value: 'none', label: 'None' },
                { value: 'lls', label: 'Password (LLS)' },
                { value: 'hls-md5', label: 'MD5 (HLS 3)' },
                { value: 'hls-sha1', label: 'SHA-1 (HLS 4)' },
                { value: 'hls-gmac', label: 'GMAC (HLS 5)' },
                { value: 'hls-sha256', label: 'SHA-256 (HLS 6)' },
                { value: 'hls-ecdsa', label: 'ECDSA (HLS 7)' },
              ]}
              {...form.getInputProps('security.auth')}
            />
            <Select
              label="Protection of messages"
              allowDeselect={false}
              data={[
                { value: 'none', label: 'None' },
                { value: 'auth', label: 'Authenticated' },
                { value: 'enc', label: 'Encrypted' },
                { value: 'auth-enc', label: 'Authenticated and encrypted' },
              ]}
              {...form.getInputProps('security.policy')}
            />
            <Select
              label="Security suite"
              allowDeselect={false}
              data={[
                { value: '0', label: '0: AES-128' },
                { value: '1', label: '1: AES-128, P-256' },
                { value: '2', label: '2: AES-256, P-384' },
              ]}
              {...form.getInputProps('security.suite')}
            />
            <TextInput
              label="System title"
              placeholder="16 hexadecimal digits"
              {...form.getInputProps('security.systemTitle')}
            />
            <PasswordInput
              label="Password"
              placeholder={kept(meter?.hasPassword)}
              autoComplete="new-password"
              {...form.getInputProps('secrets.password')}
            />
          </SimpleGrid>
          {wantsKeys && (
            <>
              <PasswordInput
                label="Encryption key"
                placeholder={kept(meter?.hasKeys)}
                autoComplete="new-password"
                {...form.getInputProps('secrets.encryptionKey')}
              />
              <PasswordInput
                label="Authentication key"
                placeholder={kept(meter?.hasKeys)}
                autoComplete="new-password"
                {...form.getInputProps('secrets.authenticationKey')}
              />
            </>
          )}
          {auth === 'hls-ecdsa' && (
            <>
              <TextInput
                label="Meter’s public signing key"
                description="X and Y of its certificate’s key, hexadecimal"
                inputWrapperOrder={['label', 'input', 'description', 'error']}
                {...form.getInputProps('security.signingKey')}
              />
              <PasswordInput
                label="Our private signing key"
                placeholder={meter === undefined ? 'Not set' : 'Leave empty to keep the stored one'}
                autoComplete="new-password"
                {...form.getInputProps('secrets.signingKey')}
              />
            </>
          )}
          <Text size="xs" c="dimmed">
            Password and keys can be replaced, but never shown again.
          </Text>
        </Section>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={save.isPending}>
            {meter === undefined ? 'Add meter' : 'Save'}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Section({ title, children }: { readonly title: string; readonly children: React.ReactNode }) {
  return (
    <Stack component="fieldset" gap="sm" p={0} m={0} style={{ border: 0, minWidth: 0 }}>
      <Text component="legend" fw={600} size="sm" c="dimmed" p={0} mb="xs">
        {title}
      </Text>
      {children}
    </Stack>
  );
}
