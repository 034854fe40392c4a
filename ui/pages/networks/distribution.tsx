import { Group, Progress, SimpleGrid, Stack, Text } from '@mantine/core';
import { distribution, type NetworkNode } from './nodes.ts';

/** How many nodes are on which level and phase. */
export function Distribution({ nodes }: { readonly nodes: readonly NetworkNode[] }) {
  const { levels, phases } = distribution(nodes);
  const total = nodes.filter(({ role }) => role !== 'coordinator').length;
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="lg">
      <Bars
        title="Hops to the coordinator"
        rows={levels.map(([level, count]) => [level === null ? 'Not known' : String(level), count])}
        total={total}
      />
      <Bars
        title="Phases"
        rows={phases.map(([phase, count]) => [phase === '' ? 'Not known' : phase, count])}
        total={total}
      />
    </SimpleGrid>
  );
}

function Bars({
  title,
  rows,
  total,
}: {
  readonly title: string;
  readonly rows: readonly (readonly [string, number])[];
  readonly total: number;
}) {
  return (
    <Stack gap={4}>
      <Text size="xs" c="dimmed">
        {title}
      </Text>
      {rows.map(([label, count]) => (
        <Group key={label} gap="sm" wrap="nowrap">
          <Text size="sm" w={76} style={{ whiteSpace: 'nowrap', flexShrink: 0 }}>
            {label}
          </Text>
          <Progress
            value={total === 0 ? 0 : (100 * count) / total}
            style={{ flex: 1 }}
            aria-label={`${title} ${label}: ${count}`}
          />
          <Text size="sm" w={48} ta="right" className="numbers">
            {count}
          </Text>
        </Group>
      ))}
    </Stack>
  );
}
