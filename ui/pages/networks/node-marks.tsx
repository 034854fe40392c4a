import { Badge, Group, Text, Tooltip } from '@mantine/core';
import { type NetworkNode, phaseText, WEAK_QUALITY } from './nodes.ts';

/** What is out of the ordinary with a node. */
export function NodeMarks({ node, orphan }: { readonly node: NetworkNode; readonly orphan: boolean }) {
  const { gone, meterId, role } = node;
  return (
    <Group gap={4} wrap="nowrap">
      {gone && <Mark color="red" text="Not seen" hint="The last look at the network has not shown it" />}
      {orphan && !gone && <Mark color="orange" text="Orphan" hint="No way to the coordinator is known" />}
      {meterId === null && role !== 'coordinator' && (
        <Mark color="yellow" text="Unknown" hint="No meter of the archive has this address" />
      )}
    </Group>
  );
}

function Mark({
  color,
  text,
  hint,
}: {
  readonly color: string;
  readonly text: string;
  readonly hint: string;
}) {
  return (
    <Tooltip label={hint}>
      <Badge color={color} variant="light" tt="none" fw={500} size="sm" miw="max-content">
        {text}
      </Badge>
    </Tooltip>
  );
}

export const roleNames: Readonly<Record<NetworkNode['role'], string>> = {
  coordinator: 'Coordinator',
  proxy: 'Proxy',
  station: 'Station',
};

/** 0 to 15, red where the link fails often. */
export function Quality({ quality }: { readonly quality: number | null }) {
  if (quality === null)
    return (
      <Text span inherit c="dimmed">
        —
      </Text>
    );
  const weak = quality < WEAK_QUALITY;
  return (
    <Text
      span
      inherit
      className="numbers"
      {...(weak ? { c: 'red', fw: 600 } : {})}
      title={`${quality} of 15`}
    >
      {quality}
      <Text span inherit c={weak ? 'red' : 'dimmed'}>
        {' '}
        / 15
      </Text>
    </Text>
  );
}

export function Phases({ node }: { readonly node: NetworkNode }) {
  const text = phaseText(node);
  return (
    <Text span inherit {...(text === '' ? { c: 'dimmed' } : {})} style={{ whiteSpace: 'nowrap' }}>
      {text === '' ? '—' : text}
    </Text>
  );
}
