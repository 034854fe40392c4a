import { Button, Text } from '@mantine/core';
import { DataTable } from 'mantine-datatable';
import { request } from '../../api/client.ts';
import { useChange } from '../../api/queries.ts';
import { confirm } from '../../parts/confirm.tsx';
import { NOT_A_PHONE, OnPhone } from '../../parts/phone.tsx';
import { failed, Problem, told } from '../../parts/problem.tsx';
import { Time } from '../../parts/time.tsx';
import { type Lockout, useLockouts } from './queries.ts';

const kinds: Readonly<Record<string, string>> = {
  account: 'Account',
  interface: 'Address',
  hes: 'Head-end',
  'hes.reader': 'Head-end that only reads',
};

/** Without the channel, which stands beside it. */
const nameOf = ({ port, name }: Lockout): string =>
  name.startsWith(`${port}/`) ? name.slice(port.length + 1) : name;

/** Who is let in no more after too many failed tries, and a way to let him in again. */
export function LockoutsTab() {
  const lockouts = useLockouts();
  const unlock = useChange(
    ({ id }: Lockout) => request('DELETE /api/lockouts/:id', { params: { id } }),
    ['lockouts'],
  );
  if (lockouts.isError && lockouts.data === undefined) {
    return <Problem error={lockouts.error} retry={() => void lockouts.refetch()} />;
  }
  const askToUnlock = (lockout: Lockout): void =>
    confirm(
      'Let in again',
      `${nameOf(lockout)} may try again on ${lockout.port}. Make sure that it is no stranger who guesses.`,
      'Let in again',
      () =>
        unlock.mutate(lockout, {
          onSuccess: () => told(`${nameOf(lockout)} may try again.`),
          onError: (error) => failed('Could not let in again', error),
        }),
    );
  const rows = lockouts.data?.rows ?? [];
  return (
    <DataTable<Lockout>
      withTableBorder
      borderRadius="lg"
      highlightOnHover
      minHeight={rows.length === 0 ? 160 : 0}
      noRecordsText="Nobody is locked out"
      fetching={lockouts.isPending}
      records={rows}
      columns={[
        {
          accessor: 'name',
          title: 'Who',
          render: (row) => (
            <>
              <span className="numbers" style={{ overflowWrap: 'anywhere' }}>
                {nameOf(row)}
              </span>
              <Text size="xs" c="dimmed" component="div">
                {kinds[row.kind] ?? row.kind}
              </Text>
              <OnPhone>
                <Text size="xs" c="dimmed" component="div">
                  {row.port}, until <Time ms={row.until} minutes />
                </Text>
              </OnPhone>
            </>
          ),
        },
        {
          accessor: 'port',
          title: 'Where',
          visibleMediaQuery: NOT_A_PHONE,
          render: ({ port }) => (port === 'gui' ? 'this GUI' : port),
        },
        { accessor: 'failures', title: 'Failed tries', textAlign: 'right', visibleMediaQuery: NOT_A_PHONE },
        {
          accessor: 'until',
          title: 'Until',
          visibleMediaQuery: NOT_A_PHONE,
          render: ({ until }) => <Time ms={until} minutes />,
        },
        {
          accessor: 'action',
          title: 'Action',
          textAlign: 'right',
          render: (row) => (
            <Button
              size="compact-sm"
              variant="default"
              aria-label={`Let ${nameOf(row)} in again`}
              onClick={() => askToUnlock(row)}
            >
              Let in again
            </Button>
          ),
        },
      ]}
    />
  );
}
