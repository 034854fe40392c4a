import { Card, Skeleton, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { request } from '../../api/client.ts';
import { useRight } from '../../api/queries.ts';
import { Page } from '../../parts/page.tsx';
import { Problem } from '../../parts/problem.tsx';
import { RunCard } from './run-card.tsx';
import { StartForm } from './start-form.tsx';

/** Archive → Find Devices: looks for meters that nobody has entered, and proposes what they would be. */
export default function DiscoveryPage() {
  const mayLook = useRight('meters.write');
  const runs = useQuery({
    queryKey: ['discovery'],
    queryFn: () => request('GET /api/discovery'),
    refetchInterval: ({ state }) =>
      state.data?.rows.some((run) => run.state === 'running') === true ? 1_500 : 15_000,
  });
  return (
    <Page title="Find Devices">
      {mayLook && (
        <Card withBorder radius="lg">
          <StartForm />
        </Card>
      )}
      {runs.isError && runs.data === undefined && (
        <Problem error={runs.error} retry={() => void runs.refetch()} />
      )}
      {runs.isPending && <Skeleton h={160} />}
      {runs.data?.rows.length === 0 && (
        <Text c="dimmed">Nobody has looked for devices since the concentrator was started.</Text>
      )}
      {runs.data?.rows.map((run) => (
        <RunCard key={run.id} run={run} mayEnd={mayLook} />
      ))}
    </Page>
  );
}
