import {
  Anchor,
  Badge,
  Button,
  Card,
  Group,
  List,
  Progress,
  Stack,
  Text,
  Title,
  Tooltip,
} from '@mantine/core';
import { DataTable } from 'mantine-datatable';
import { Link } from 'react-router';
import { request } from '../../api/client.ts';
import { useChange } from '../../api/queries.ts';
import { grouped } from '../../format.ts';
import { failed } from '../../parts/problem.tsx';
import { Time } from '../../parts/time.tsx';
import { type DiscoveryRun, type FoundRow, foundLink } from './request.ts';

const states = { running: 'blue', done: 'teal', cancelled: 'gray', failed: 'red' } as const;

const outcomes: Readonly<Record<FoundRow['outcome'], { readonly text: string; readonly color: string }>> = {
  proposed: { text: 'Found', color: 'teal' },
  known: { text: 'In the archive', color: 'gray' },
  blacklisted: { text: 'Blacklisted', color: 'red' },
  closed: { text: 'Does not let itself be asked', color: 'yellow' },
  garbled: { text: 'Unreadable', color: 'orange' },
  doubled: { text: 'Two devices', color: 'orange' },
};

/** One search: how far it has come, and what it found. */
export function RunCard({ run, mayEnd }: { readonly run: DiscoveryRun; readonly mayEnd: boolean }) {
  const { id, channel, state, total, asked, found, error } = run;
  const end = useChange(
    (which: string) => request('DELETE /api/discovery/:id', { params: { id: which } }),
    ['discovery'],
  );
  return (
    <Card withBorder radius="lg">
      <Group justify="space-between" mb={4}>
        <Title order={2} size="h5">
          {channel}{' '}
          <Badge color={states[state]} variant="light" tt="none" fw={500}>
            {state}
          </Badge>
        </Title>
        {state === 'running' && mayEnd && (
          <Button
            size="xs"
            variant="default"
            loading={end.isPending}
            onClick={() =>
              end.mutate(id, { onError: (thrown) => failed('The search could not be ended', thrown) })
            }
          >
            End the search
          </Button>
        )}
      </Group>
      <Text size="sm" c="dimmed" mb="xs" className="numbers" component="div">
        {grouped(asked)} of {grouped(total)} addresses · {found.length} with a sign of life ·{' '}
        <Time ms={run.startedAt} />
      </Text>
      {state === 'running' && (
        <Progress
          value={total === 0 ? 0 : (asked / total) * 100}
          mb="sm"
          aria-label={`Search on ${channel}`}
        />
      )}
      {error !== null && state === 'failed' && (
        <Text size="sm" c="red" mb="sm">
          {error.message}
        </Text>
      )}
      {found.length === 0 ? (
        <Text size="sm" c="dimmed">
          {state === 'running' ? 'Nothing so far.' : 'Nobody answered.'}
        </Text>
      ) : (
        <FoundTable run={run} />
      )}
    </Card>
  );
}

function FoundTable({ run }: { readonly run: DiscoveryRun }) {
  return (
    <DataTable<FoundRow>
      idAccessor="address"
      records={run.found}
      columns={[
        { accessor: 'address', title: 'Address' },
        { accessor: 'meterNo', title: 'MeterNo', render: ({ meterNo }) => meterNo ?? '' },
        {
          accessor: 'outcome',
          title: 'Result',
          render: ({ outcome, troubles }) => (
            <Stack gap={2}>
              <Badge color={outcomes[outcome].color} variant="light" tt="none" fw={500} miw="max-content">
                {outcomes[outcome].text}
              </Badge>
              {troubles.map((trouble) => (
                <Text key={trouble} size="xs" c="dimmed">
                  {trouble}
                </Text>
              ))}
            </Stack>
          ),
        },
        { accessor: 'profile', title: 'Profile', render: (row) => <Profile row={row} /> },
        {
          accessor: 'phase',
          title: 'Phases',
          render: ({ proposal }) => proposal?.meter.phase ?? '',
        },
        {
          accessor: 'actions',
          title: '',
          textAlign: 'right',
          render: (row) =>
            row.proposal === null ? null : (
              <Anchor component={Link} to={foundLink(run, row)} size="sm">
                Accept…
              </Anchor>
            ),
        },
      ]}
    />
  );
}

/** The best match, with the others and all reasons at hand. */
function Profile({ row }: { readonly row: FoundRow }) {
  const [best, ...others] = row.proposal?.profiles ?? [];
  if (best === undefined) return null;
  return (
    <Tooltip
      multiline
      maw={420}
      label={
        <List size="xs">
          {[best, ...others].map(({ name, title, score, reasons }) => (
            <List.Item key={name}>
              {title}: {score} ({reasons.join('; ')})
            </List.Item>
          ))}
        </List>
      }
    >
      <Text span size="sm" td="underline dotted" tabIndex={0}>
        {best.title}
      </Text>
    </Tooltip>
  );
}
