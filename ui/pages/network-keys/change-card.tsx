import { Badge, Button, Card, Group, Progress, Table, Text, Title } from '@mantine/core';
import { type Result, request } from '../../api/client.ts';
import { useChange, useRight } from '../../api/queries.ts';
import { confirm, confirmTyped } from '../../parts/confirm.tsx';
import { MeterLink } from '../../parts/meter-link.tsx';
import { failed, told } from '../../parts/problem.tsx';
import { Time } from '../../parts/time.tsx';

export type Change = Result<'GET /api/network-keys'>['changes'][number];

const STATES: Readonly<Record<Change['state'], readonly [string, string]>> = {
  planned: ['Planned', 'gray'],
  running: ['Under way', 'blue'],
  done: ['Done', 'teal'],
  'rolling-back': ['Being taken back', 'yellow'],
  'rolled-back': ['Taken back', 'gray'],
  failed: ['Not taken back everywhere', 'red'],
};

const STEPS: Readonly<Record<Change['steps'][number]['state'], readonly [string, string]>> = {
  waiting: ['Waiting', 'gray'],
  sent: ['Sent', 'blue'],
  confirmed: ['Confirmed', 'teal'],
  failed: ['Failed', 'red'],
  'rolled-back': ['Key before', 'gray'],
};

/** A change of keys with what has become of it at each meter. */
export function ChangeCard({
  change,
  revocable,
}: {
  readonly change: Change;
  /** It is done and can be taken back. */
  readonly revocable: boolean;
}) {
  const writable = useRight('settings.write');
  const { id, channel, meterNo, state, actor, startedAt, finishedAt, steps } = change;
  const subject = meterNo === null ? channel : `meter ${meterNo}`;
  const run = useChange(
    (of: number) => request('POST /api/network-keys/changes/:id/run', { params: { id: of } }),
    ['network-keys'],
  );
  const rollBack = useChange(
    (of: number) => request('POST /api/network-keys/changes/:id/rollback', { params: { id: of } }),
    ['network-keys'],
  );
  const askToRun = (): void =>
    confirm(
      'Change the key',
      `${steps.length} meters get the new key one after the other. Each leaves the network for a moment and joins again.`,
      'Change',
      () =>
        run.mutate(id, {
          onSuccess: () => told('The change has begun.'),
          onError: (error) => failed('Could not begin the change', error),
        }),
    );
  const askToRollBack = (): void =>
    confirmTyped(
      'Take the change back',
      'Every meter that may have the new key gets the one before again.',
      channel,
      'Take back',
      () =>
        rollBack.mutate(id, {
          onSuccess: () => told('The change is being taken back.'),
          onError: (error) => failed('Could not take the change back', error),
        }),
    );
  const [label, color] = STATES[state];
  const settled = steps.filter((step) => step.state !== 'waiting' && step.state !== 'sent').length;
  const mayRollBack = state === 'running' || state === 'failed' || revocable;
  return (
    <Card withBorder radius="lg">
      <Group justify="space-between" mb="xs">
        <Group gap="sm">
          <Title order={2} size="h5">
            Change {id} · {subject}
          </Title>
          <Badge color={color} variant="light" tt="none" fw={500} miw="max-content">
            {label}
          </Badge>
        </Group>
        {writable && (
          <Group gap="xs">
            {state === 'planned' && <Button onClick={askToRun}>Run</Button>}
            {mayRollBack && (
              <Button color="red" variant="light" onClick={askToRollBack}>
                Take back
              </Button>
            )}
          </Group>
        )}
      </Group>
      <Text size="sm" c="dimmed" component="div" mb="sm">
        Planned by {actor}, <Time ms={startedAt} />
        {finishedAt !== null && (
          <>
            {' '}
            · ended <Time ms={finishedAt} />
          </>
        )}
      </Text>
      {(state === 'running' || state === 'rolling-back') && (
        <Progress
          value={(100 * settled) / Math.max(1, steps.length)}
          mb="sm"
          aria-label={`${settled} of ${steps.length} meters`}
        />
      )}
      <Table.ScrollContainer minWidth={420} mah={320}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Meter</Table.Th>
              <Table.Th>State</Table.Th>
              <Table.Th>Time</Table.Th>
              <Table.Th>What has failed</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {steps.map((step) => (
              <Table.Tr key={step.meterId}>
                <Table.Td>
                  {step.meterNo === null ? (
                    `Meter ${step.meterId}`
                  ) : (
                    <MeterLink meter={{ id: step.meterId, meterNo: step.meterNo }} />
                  )}
                </Table.Td>
                <Table.Td>
                  <Badge color={STEPS[step.state][1]} variant="light" tt="none" fw={500} miw="max-content">
                    {STEPS[step.state][0]}
                  </Badge>
                </Table.Td>
                <Table.Td>
                  <Time ms={step.at} />
                </Table.Td>
                <Table.Td>{step.message ?? ''}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Card>
  );
}
