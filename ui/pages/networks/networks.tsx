import { Alert, Select, Skeleton, Text } from '@mantine/core';
import { useChoices, useRight } from '../../api/queries.ts';
import { Page } from '../../parts/page.tsx';
import { Problem } from '../../parts/problem.tsx';
import { useNetworkView } from './filters.ts';
import { ModuleCard, SettingsLink } from './module-card.tsx';
import { useModules } from './module-queries.ts';
import { NetworkCard } from './network-card.tsx';

const READING_MODULE = 2;
const G3_NETWORK = 14;

/** Operating → Networks: PLC modules, and the networks behind them and of G3-PLC. */
export default function Networks() {
  const look = useNetworkView();
  const choices = useChoices();
  const modules = useModules();
  const mayConfigure = useRight('settings.read');
  const error = choices.error ?? (modules.data === undefined ? modules.error : null);
  if (error !== null) {
    return (
      <Page title="Networks">
        <Problem
          error={error}
          retry={() => {
            void choices.refetch();
            void modules.refetch();
          }}
        />
      </Page>
    );
  }
  if (choices.data === undefined || modules.data === undefined) {
    return (
      <Page title="Networks">
        <Skeleton h={200} />
        <Skeleton h={320} />
      </Page>
    );
  }
  const networks = choices.data.channels.filter(
    ({ commType }) => commType === READING_MODULE || commType === G3_NETWORK,
  );
  const channel = networks.find(({ name }) => name === look.channel) ?? networks[0];
  if (channel === undefined) {
    return (
      <Page title="Networks">
        <Text c="dimmed">No channel is that of a power line network.</Text>
      </Page>
    );
  }
  const module = modules.data.rows.find((one) => one.channel === channel.name);
  const isG3 = channel.commType === G3_NETWORK;
  return (
    <Page
      title="Networks"
      actions={
        networks.length > 1 && (
          <Select
            aria-label="Network"
            data={networks.map(({ name, commType }) => ({
              value: name,
              label: `${name} · ${commType === G3_NETWORK ? 'G3-PLC' : 'HPLC module'}`,
            }))}
            value={channel.name}
            onChange={(name) =>
              look.set({ channel: name, node: null, search: null, show: null, phase: null, page: null })
            }
            allowDeselect={false}
            w={{ base: '100%', xs: 300 }}
          />
        )
      }
    >
      {module !== undefined && <ModuleCard module={module} />}
      {module === undefined && !isG3 && (
        <Alert color="gray" title="No module">
          <Text size="sm">
            This channel has no PLC module: it is switched off, or its device is not set.{' '}
            {mayConfigure && <SettingsLink channel={channel.name} />}
          </Text>
        </Alert>
      )}
      <NetworkCard
        key={channel.name}
        channel={channel.name}
        lookedAt={module?.network.lookedAt ?? null}
        isG3={isG3}
        look={look}
      />
    </Page>
  );
}
