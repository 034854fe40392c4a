import { Alert, Badge, Button, List, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { DataTable } from 'mantine-datatable';
import type { ApiContract } from '../../../src/api/contract.ts';
import { request } from '../../api/client.ts';
import { useChange, useRight } from '../../api/queries.ts';
import { Page } from '../../parts/page.tsx';
import { failed, Problem, told } from '../../parts/problem.tsx';

type Row = ApiContract['GET /api/profiles']['response']['rows'][number];

/** Setting → Meter Profile: the kinds of meters that are known, and files that hold none. */
export default function Profiles() {
  const mayReload = useRight('settings.write');
  const profiles = useQuery({ queryKey: ['profiles'], queryFn: () => request('GET /api/profiles') });
  const reload = useChange(() => request('POST /api/profiles/reload'), ['profiles', 'choices']);
  if (profiles.data === undefined) {
    return (
      <Page title="Meter Profile">
        {profiles.isError ? (
          <Problem error={profiles.error} retry={() => void profiles.refetch()} />
        ) : (
          <Skeleton h={240} />
        )}
      </Page>
    );
  }
  const { rows, problems } = profiles.data;
  return (
    <Page
      title="Meter Profile"
      actions={
        mayReload && (
          <Button
            variant="default"
            loading={reload.isPending}
            onClick={() =>
              reload.mutate(undefined, {
                onSuccess: () => told('The files have been read again.'),
                onError: (error) => failed('The files could not be read', error),
              })
            }
          >
            Read files again
          </Button>
        )
      }
    >
      <Text size="sm" c="dimmed">
        Files of your own are in the folder profiles of the data directory; each extends one of these.
      </Text>
      {problems.map(({ file, problems: wrong }) => (
        <Alert key={file} color="red" title={file} role="alert">
          <List size="sm">
            {wrong.map((one) => (
              <List.Item key={one}>{one}</List.Item>
            ))}
          </List>
        </Alert>
      ))}
      <DataTable<Row>
        idAccessor="name"
        records={rows}
        rowExpansion={{ content: ({ record }) => <Details profile={record} /> }}
        columns={[
          { accessor: 'title', title: 'Profile' },
          { accessor: 'name', title: 'Name' },
          {
            accessor: 'builtIn',
            title: 'From',
            render: ({ builtIn }) => (
              <Badge color={builtIn ? 'gray' : 'blue'} variant="light" tt="none" fw={500} miw="max-content">
                {builtIn ? 'the program' : 'a file'}
              </Badge>
            ),
          },
          { accessor: 'events', title: 'Event codes', render: ({ events }) => events.length },
          {
            accessor: 'clients',
            title: 'Clients',
            cellsStyle: () => ({ minWidth: 240 }),
            render: ({ clients }) =>
              clients.map(({ address, title, auth }) => `${address} ${title} (${auth})`).join(', '),
          },
        ]}
      />
    </Page>
  );
}

function Details({ profile }: { readonly profile: Row }) {
  const { profiles, logs, unchecked, quirks } = profile;
  const odd = [
    quirks.noRangeAccess ? 'read by entry' : '',
    quirks.repeatsClock ? 'repeats its clock' : '',
    quirks.maxListSize === 1 ? 'no lists' : '',
  ].filter((text) => text !== '');
  return (
    <Stack gap={4} p="sm">
      <Text size="sm">
        {Object.entries(profiles)
          .map(([kind, obis]) => `${kind} ${obis}`)
          .join(' · ')}
      </Text>
      <Text size="sm">
        {logs
          .map(({ log, objects }) => `${log} ${objects.map(({ obis }) => obis).join(', ') || 'none'}`)
          .join(' · ')}
      </Text>
      {odd.length > 0 && <Text size="sm">{odd.join(' · ')}</Text>}
      {unchecked.length > 0 && (
        <Text size="sm" c="dimmed">
          Nobody has confirmed: {unchecked.join('; ')}
        </Text>
      )}
    </Stack>
  );
}
