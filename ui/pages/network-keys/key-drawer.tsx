import { Alert, Button, Drawer, Group, PasswordInput, Select, Stack, Table, Text } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type Result, request } from '../../api/client.ts';
import { useChange } from '../../api/queries.ts';
import { Problem, told } from '../../parts/problem.tsx';

export interface KeyWork {
  /** Note the key that is there, or plan to bring another one. */
  readonly do: 'set' | 'change';
  readonly channel: string;
}

type Plan = Result<'POST /api/network-keys/changes'>;

/** In which a key is typed in; a change then shows what it would do before anything is sent. */
export function KeyDrawer({
  work,
  onClose,
}: {
  readonly work: KeyWork | undefined;
  readonly onClose: () => void;
}) {
  return (
    <Drawer
      opened={work !== undefined}
      onClose={onClose}
      position="right"
      size="lg"
      title={
        <Text fw={600} size="lg">
          {work?.do === 'set' ? 'Note the key in use' : 'Change the key'}
        </Text>
      }
    >
      {work !== undefined && <KeySteps work={work} onClose={onClose} />}
    </Drawer>
  );
}

function KeySteps({ work, onClose }: { readonly work: KeyWork; readonly onClose: () => void }) {
  const [plan, setPlan] = useState<Plan | undefined>();
  return plan === undefined ? (
    <KeyForm work={work} onClose={onClose} onPlan={setPlan} />
  ) : (
    <PlanView plan={plan} onClose={onClose} />
  );
}

function KeyForm({
  work,
  onClose,
  onPlan,
}: {
  readonly work: KeyWork;
  readonly onClose: () => void;
  readonly onPlan: (plan: Plan) => void;
}) {
  const { channel } = work;
  const [error, setError] = useState<unknown>();
  const meters = useQuery({
    queryKey: ['meters', 'of-network', channel],
    queryFn: () => request('GET /api/meters', { query: { channel, limit: 500 } }),
  });
  const form = useForm({
    initialValues: { meterId: '0', key: '', again: '' },
    validate: {
      key: (value) => (/^[0-9a-fA-F]{32}$/.test(tidy(value)) ? null : 'Must be 32 hexadecimal digits'),
      again: (value, { key }) =>
        tidy(value).toLowerCase() === tidy(key).toLowerCase() ? null : 'Is not the same',
    },
  });
  const set = useChange(
    (body: { channel: string; meterId: number; key: string }) =>
      request('POST /api/network-keys/set', { body }),
    ['network-keys'],
  );
  const change = useChange(
    (body: { channel: string; meterId: number; key: string }) =>
      request('POST /api/network-keys/changes', { body }),
    ['network-keys'],
  );
  const submit = form.onSubmit(async ({ meterId, key }) => {
    setError(undefined);
    const body = { channel, meterId: Number(meterId), key: tidy(key) };
    try {
      if (work.do === 'change') onPlan(await change.mutateAsync(body));
      else {
        await set.mutateAsync(body);
        told('The key is noted.');
        onClose();
      }
    } catch (thrown) {
      setError(thrown);
    }
  });
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        {error !== undefined && <Problem error={error} />}
        <Text size="sm">
          {work.do === 'set'
            ? 'Nothing is sent: this only tells the concentrator which key is in use.'
            : 'Nothing is sent yet: you will see what the change would do first.'}
        </Text>
        <Select
          label="Whose key"
          allowDeselect={false}
          searchable
          data={[
            { value: '0', label: `The whole network ${channel}` },
            ...(meters.data?.rows ?? []).map(({ id, meterNo }) => ({ value: String(id), label: meterNo })),
          ]}
          {...form.getInputProps('meterId')}
        />
        <PasswordInput
          label="Pre-shared key"
          description="32 hexadecimal digits. It can be replaced, but never shown again."
          autoComplete="off"
          data-autofocus
          {...form.getInputProps('key')}
        />
        <PasswordInput label="The same once more" autoComplete="off" {...form.getInputProps('again')} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={set.isPending || change.isPending}>
            {work.do === 'set' ? 'Note' : 'Show the plan'}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

const tidy = (value: string): string => value.replaceAll(/\s/g, '');

/** The dry run: who would get the key, in which order, and who cannot. */
function PlanView({ plan, onClose }: { readonly plan: Plan; readonly onClose: () => void }) {
  const { change, meters, toleratedFailures } = plan;
  const [error, setError] = useState<unknown>();
  const run = useChange(
    (id: number) => request('POST /api/network-keys/changes/:id/run', { params: { id } }),
    ['network-keys'],
  );
  const takers = change.steps.length;
  const unreachable = meters.filter(({ reachable, obstacle }) => !reachable && obstacle === null).length;
  const begin = async (): Promise<void> => {
    setError(undefined);
    try {
      await run.mutateAsync(change.id);
      told('The change has begun.');
      onClose();
    } catch (thrown) {
      setError(thrown);
    }
  };
  return (
    <Stack>
      {error !== undefined && <Problem error={error} />}
      <Text size="sm">
        {takers} of {meters.length} meters can take the key, the farthest first. More than {toleratedFailures}{' '}
        failures stop the change and take it back.
      </Text>
      {takers < meters.length && (
        <Alert color="yellow">
          {meters.length - takers} meters cannot take the key. They keep the one before, and a network that
          asks for the new one will not let them in again.
        </Alert>
      )}
      {unreachable > 0 && (
        <Alert color="yellow">{unreachable} meters did not answer lately. They may count as failures.</Alert>
      )}
      <Table.ScrollContainer minWidth={380} mah={420}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Meter</Table.Th>
              <Table.Th>Hops</Table.Th>
              <Table.Th>Reachable</Table.Th>
              <Table.Th>Cannot, because</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {meters.map(({ meterId, meterNo, level, reachable, obstacle }) => (
              <Table.Tr key={meterId}>
                <Table.Td className="numbers">{meterNo}</Table.Td>
                <Table.Td className="numbers">{level ?? '—'}</Table.Td>
                <Table.Td>{reachable ? 'Yes' : 'Not lately'}</Table.Td>
                <Table.Td>{obstacle ?? ''}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>
          Not now
        </Button>
        <Button disabled={takers === 0} loading={run.isPending} onClick={() => void begin()}>
          Change the key of {takers} meters
        </Button>
      </Group>
    </Stack>
  );
}
