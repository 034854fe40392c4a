import {
  Button,
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
import { useState } from 'react';
import { ApiError, request } from '../../api/client.ts';
import { useChange, useChoices } from '../../api/queries.ts';
import { Problem } from '../../parts/problem.tsx';
import { emptySearch, type SearchForm, type SearchKind, searchBody, searchKind } from './request.ts';

/** Where to look, by the kind of channel. */
export function StartForm() {
  const choices = useChoices();
  const form = useForm<SearchForm>({ initialValues: emptySearch });
  const [error, setError] = useState<unknown>();
  const channels = (choices.data?.channels ?? []).filter((channel) => searchKind(channel) !== undefined);
  const kind = searchKind(channels.find(({ name }) => name === form.values.channel));
  const start = useChange(
    (body: ReturnType<typeof searchBody>) => request('POST /api/discovery', { body }),
    ['discovery'],
  );
  const submit = form.onSubmit(async (values) => {
    if (kind === undefined) return form.setFieldError('channel', 'A channel is needed');
    setError(undefined);
    try {
      await start.mutateAsync(searchBody(values, kind));
    } catch (thrown) {
      const field = thrown instanceof ApiError ? thrown.field : undefined;
      if (field !== undefined && field in values && thrown instanceof ApiError) {
        form.setFieldError(field, thrown.message);
      } else setError(thrown);
    }
  });
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        {error !== undefined && <Problem error={error} />}
        <Select
          label="Channel"
          placeholder="Line, network or PLC module"
          data={channels.map(({ name }) => name)}
          maw={360}
          {...form.getInputProps('channel')}
        />
        {kind !== undefined && <Where kind={kind} form={form} />}
        <Switch
          label="Ask again with credentials"
          description="A meter shows more of itself to a client that it knows. They are not kept."
          {...form.getInputProps('withCredentials', { type: 'checkbox' })}
        />
        {form.values.withCredentials && <Credentials form={form} />}
        <Group>
          <Button type="submit" loading={start.isPending} disabled={kind === undefined}>
            Look
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

type Form = ReturnType<typeof useForm<SearchForm>>;

function Where({ kind, form }: { readonly kind: SearchKind; readonly form: Form }) {
  if (kind === 'network') {
    return (
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <TextInput
          label="Hosts"
          placeholder="10.0.0.5, 10.0.1.0/28, [fd00::17]:4059"
          description="Names, addresses or IPv4 networks"
          {...form.getInputProps('hosts')}
        />
        <NumberInput label="Port" min={1} max={65_535} {...form.getInputProps('port')} />
      </SimpleGrid>
    );
  }
  if (kind === 'module') {
    return (
      <TextInput
        label="Nodes"
        description="Twelve digits each; left empty, those that the network has told of and nobody has accepted"
        {...form.getInputProps('nodes')}
      />
    );
  }
  return (
    <Stack gap="xs">
      <SimpleGrid cols={{ base: 1, sm: 3 }}>
        <TextInput
          label="HDLC addresses"
          placeholder="16-40, 100"
          description="Left empty: 1, and 16 to 125"
          {...form.getInputProps('addresses')}
        />
        <Select
          label="Address size"
          data={[
            { value: '1', label: '1 byte' },
            { value: '2', label: '2 bytes' },
            { value: '4', label: '4 bytes' },
          ]}
          allowDeselect={false}
          {...form.getInputProps('addressBytes')}
        />
        <TextInput
          label="Serial numbers"
          description="Asks the addresses that vendors make of them"
          {...form.getInputProps('serials')}
        />
      </SimpleGrid>
      <Text size="sm" c="dimmed">
        Reading goes first: each address is asked when the line has nothing else to do.
      </Text>
    </Stack>
  );
}

function Credentials({ form }: { readonly form: Form }) {
  const { auth } = form.values;
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }}>
      <NumberInput label="Client address" min={1} max={65_535} {...form.getInputProps('clientAddress')} />
      <Select
        label="Authentication"
        data={[
          { value: 'none', label: 'None' },
          { value: 'lls', label: 'Password (LLS)' },
          { value: 'hls-gmac', label: 'Keys (HLS-GMAC)' },
        ]}
        allowDeselect={false}
        {...form.getInputProps('auth')}
      />
      {auth === 'lls' && (
        <PasswordInput label="Password" autoComplete="new-password" {...form.getInputProps('password')} />
      )}
      {auth === 'hls-gmac' && (
        <>
          <PasswordInput
            label="Encryption key"
            description="32 hexadecimal digits"
            autoComplete="new-password"
            {...form.getInputProps('encryptionKey')}
          />
          <PasswordInput
            label="Authentication key"
            description="32 hexadecimal digits"
            autoComplete="new-password"
            {...form.getInputProps('authenticationKey')}
          />
        </>
      )}
    </SimpleGrid>
  );
}
