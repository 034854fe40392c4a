import { Badge, Button, Drawer, Group, Stack, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiError, request } from '../../api/client.ts';
import { useRight } from '../../api/queries.ts';
import { EditDrawer } from '../../parts/edit-drawer.tsx';
import { told } from '../../parts/problem.tsx';

type Form = { value: string };

/** A secret of a channel: one of its attributes, or a system setting that belongs to it. */
export interface Secret {
  readonly key: string;
  readonly description: string;
  readonly stored: boolean;
  /** Of the attribute; undefined for a setting. */
  readonly attributeId: number | undefined;
}

const isHexKey = ({ key }: Secret): boolean => key.startsWith('hes.') && key.endsWith('.key');
const HEX_KEY = /^[\da-f]{32}$/i;

/** Keys and passwords of a channel: whether each is set, and a way to set or replace it; a value never comes back. */
export function SecretsDrawer({
  channel,
  secrets,
  onClose,
}: {
  /** Undefined while nobody looks. */
  readonly channel: string | undefined;
  readonly secrets: readonly Secret[];
  readonly onClose: () => void;
}) {
  const [editing, setEditing] = useState<Secret>();
  const client = useQueryClient();
  const writable = useRight('settings.write');
  const save = async (secret: Secret, { value }: Form): Promise<void> => {
    if (value === '') throw new ApiError(422, 'invalid-field', 'Type the new value', 'value');
    if (isHexKey(secret) && !HEX_KEY.test(value)) {
      throw new ApiError(422, 'invalid-field', 'Must be 32 hexadecimal digits', 'value');
    }
    const { key, attributeId: id } = secret;
    const body = { value };
    if (id === undefined) await request('PUT /api/settings/:key', { params: { key }, body });
    else await request('PUT /api/channel-attributes/:id', { params: { id }, body });
    told(`${key} has been set.`);
    await client.invalidateQueries({ queryKey: [id === undefined ? 'settings' : 'channel-attributes'] });
  };
  return (
    <>
      <Drawer
        opened={channel !== undefined && editing === undefined}
        onClose={onClose}
        position="right"
        size="lg"
        title={
          <Text fw={600} size="lg">
            Keys of {channel}
          </Text>
        }
      >
        <Stack>
          <Text size="sm" c="dimmed">
            What is stored is never shown, to nobody. A new value holds from the next connection on.
          </Text>
          {secrets.map((secret) => (
            <Group key={secret.key} justify="space-between" wrap="nowrap" gap="sm" align="flex-start">
              <div>
                <Text size="sm" ff="monospace" style={{ overflowWrap: 'anywhere' }}>
                  {secret.key}
                </Text>
                <Text size="xs" c="dimmed">
                  {secret.description}
                </Text>
              </div>
              <Group gap="xs" wrap="nowrap">
                <Badge
                  color={secret.stored ? 'teal' : 'gray'}
                  variant="light"
                  tt="none"
                  fw={500}
                  miw="max-content"
                >
                  {secret.stored ? 'Is set' : 'Not set'}
                </Badge>
                {writable && (
                  <Button
                    size="compact-sm"
                    variant="default"
                    aria-label={`${secret.stored ? 'Replace' : 'Set'} ${secret.key}`}
                    onClick={() => setEditing(secret)}
                  >
                    {secret.stored ? 'Replace' : 'Set'}
                  </Button>
                )}
              </Group>
            </Group>
          ))}
        </Stack>
      </Drawer>
      <EditDrawer<Form>
        opened={editing !== undefined}
        title={editing === undefined ? '' : `${editing.stored ? 'Replace' : 'Set'} ${editing.key}`}
        fields={[
          {
            key: 'value',
            label: 'New value',
            kind: 'secret',
            required: true,
            help: editing?.description ?? '',
          },
        ]}
        initial={{ value: '' }}
        save={async (form) => {
          if (editing !== undefined) await save(editing, form);
        }}
        onClose={() => setEditing(undefined)}
      />
    </>
  );
}
