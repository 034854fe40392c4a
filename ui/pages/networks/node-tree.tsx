import { ActionIcon, Badge, Box, Group, Text } from '@mantine/core';
import { IconChevronRight } from '@tabler/icons-react';
import { type KeyboardEvent, useRef, useState } from 'react';
import { NodeMarks, Phases, Quality, roleNames } from './node-marks.tsx';
import { nameOf, type TreeRow } from './nodes.ts';

const ROW_PX = 36;
const SHOWN_PX = 612;
const SPARE_ROWS = 8;

/** The network from its coordinator down. Only rows in sight are drawn, so that thousands of nodes cost nothing. */
export function NodeTree({
  rows,
  orphans,
  selected,
  onSelect,
  onToggle,
}: {
  readonly rows: readonly TreeRow[];
  readonly orphans: ReadonlySet<string>;
  readonly selected: string | null;
  readonly onSelect: (address: string) => void;
  readonly onToggle: (address: string) => void;
}) {
  const [top, setTop] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const first = Math.max(0, Math.floor(top / ROW_PX) - SPARE_ROWS);
  const shown = rows.slice(first, Math.ceil((top + SHOWN_PX) / ROW_PX) + SPARE_ROWS);
  const at = rows.findIndex(({ node }) => node.address === selected);
  const go = (index: number): void => {
    const row = rows[Math.min(rows.length - 1, Math.max(0, index))];
    if (row === undefined) return;
    onSelect(row.node.address);
    const place = rows.indexOf(row) * ROW_PX;
    const view = box.current;
    if (view === null) return;
    if (place < view.scrollTop) view.scrollTop = place;
    else if (place + ROW_PX > view.scrollTop + view.clientHeight) {
      view.scrollTop = place + ROW_PX - view.clientHeight;
    }
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const row = rows[at];
    const leads = row !== undefined && row.below > 0;
    switch (event.key) {
      case 'ArrowDown':
        go(at + 1);
        break;
      case 'ArrowUp':
        go(at - 1);
        break;
      case 'Home':
        go(0);
        break;
      case 'End':
        go(rows.length - 1);
        break;
      case 'ArrowRight':
        if (leads && !row.open) onToggle(row.node.address);
        else go(at + 1);
        break;
      case 'ArrowLeft':
        if (leads && row.open) onToggle(row.node.address);
        else go(rows.slice(0, Math.max(0, at)).findLastIndex(({ depth }) => depth < (row?.depth ?? 0)));
        break;
      default:
        return;
    }
    event.preventDefault();
  };
  return (
    <Box
      ref={box}
      role="tree"
      aria-label="Nodes of the network"
      tabIndex={0}
      className="node-tree"
      {...(at < 0 ? {} : { 'aria-activedescendant': rowId(selected ?? '') })}
      onKeyDown={onKeyDown}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      style={{ maxHeight: SHOWN_PX, overflowY: 'auto' }}
    >
      <div style={{ height: rows.length * ROW_PX, position: 'relative' }}>
        {shown.map((row, index) => (
          <Row
            key={row.node.address}
            row={row}
            top={(first + index) * ROW_PX}
            orphan={orphans.has(row.node.address)}
            selected={row.node.address === selected}
            onSelect={onSelect}
            onToggle={onToggle}
          />
        ))}
      </div>
    </Box>
  );
}

const rowId = (address: string): string => `node-${address}`;

function Row({
  row: { node, depth, below, open, onTheWay },
  top,
  orphan,
  selected,
  onSelect,
  onToggle,
}: {
  readonly row: TreeRow;
  readonly top: number;
  readonly orphan: boolean;
  readonly selected: boolean;
  readonly onSelect: (address: string) => void;
  readonly onToggle: (address: string) => void;
}) {
  const name = nameOf(node);
  return (
    <Group
      role="treeitem"
      id={rowId(node.address)}
      aria-level={depth + 1}
      aria-selected={selected}
      {...(below > 0 ? { 'aria-expanded': open } : {})}
      className="node-row"
      data-selected={selected}
      data-address={node.address}
      onClick={() => onSelect(node.address)}
      gap={6}
      wrap="nowrap"
      pr="sm"
      style={{
        position: 'absolute',
        insetInline: 0,
        top,
        height: ROW_PX,
        paddingInlineStart: `calc(var(--node-indent) * ${depth} + 6px)`,
        opacity: onTheWay ? 0.6 : 1,
      }}
    >
      {below > 0 ? (
        <ActionIcon
          variant="subtle"
          color="gray"
          size="sm"
          tabIndex={-1}
          aria-label={`${open ? 'Close' : 'Open'} ${name}`}
          onClick={(event) => {
            event.stopPropagation();
            onToggle(node.address);
          }}
        >
          <IconChevronRight size={14} style={{ transform: open ? 'rotate(90deg)' : 'none' }} />
        </ActionIcon>
      ) : (
        <Box w={22} style={{ flexShrink: 0 }} />
      )}
      <Text size="sm" className="numbers" fw={selected || node.role === 'coordinator' ? 600 : 400} truncate>
        {name}
      </Text>
      {node.role !== 'station' && (
        <Badge variant="default" tt="none" fw={500} size="sm" miw="max-content" visibleFrom="xs">
          {roleNames[node.role]}
          {below > 0 && ` · ${below}`}
        </Badge>
      )}
      <NodeMarks node={node} orphan={orphan} />
      <Box style={{ flex: 1 }} />
      <Text size="xs" c="dimmed" component="div" visibleFrom="xs">
        <Phases node={node} />
      </Text>
      {node.role !== 'coordinator' && (
        <Text size="xs" ta="right" miw={52} component="div" style={{ whiteSpace: 'nowrap' }}>
          <Quality quality={node.quality} />
        </Text>
      )}
    </Group>
  );
}
