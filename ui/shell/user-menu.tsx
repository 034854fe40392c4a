import {
  ActionIcon,
  Button,
  Group,
  Menu,
  Text,
  Tooltip,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import { IconKey, IconLogout, IconMoon, IconSun, IconUser } from '@tabler/icons-react';
import { Link } from 'react-router';
import { type Result, request } from '../api/client.ts';
import { queryClient, useSession } from '../api/queries.ts';
import { failed } from '../parts/problem.tsx';

async function signOut(): Promise<void> {
  try {
    await request('DELETE /api/session');
  } catch (error) {
    return failed('Could not sign out', error);
  }
  queryClient.setQueryData<Result<'GET /api/session'>>(['session'], { session: null });
  queryClient.removeQueries({ predicate: (query) => query.queryKey[0] !== 'session' });
}

export function UserMenu() {
  const account = useSession().data?.session?.account;
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme('light') === 'dark';
  return (
    <Group gap="xs" wrap="nowrap">
      <Tooltip label={dark ? 'Light colours' : 'Dark colours'}>
        <ActionIcon
          variant="subtle"
          color="gray"
          size="lg"
          aria-label={dark ? 'Light colours' : 'Dark colours'}
          onClick={() => setColorScheme(dark ? 'light' : 'dark')}
        >
          {dark ? <IconSun size={18} /> : <IconMoon size={18} />}
        </ActionIcon>
      </Tooltip>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button
            variant="subtle"
            color="gray"
            px="xs"
            leftSection={<IconUser size={18} />}
            aria-label="Account"
          >
            {account?.name}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>
            <Text size="xs">Signed in as {account?.name}</Text>
            <Text size="xs" c="dimmed">
              {account?.role}
            </Text>
          </Menu.Label>
          <Menu.Item component={Link} to="/account/password" leftSection={<IconKey size={16} />}>
            Change password
          </Menu.Item>
          <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => void signOut()}>
            Sign out
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </Group>
  );
}
