import { Alert, AppShell, Box, Burger, Container, Group, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlugConnectedX } from '@tabler/icons-react';
import { type ReactNode, useEffect } from 'react';
import { Link, useLocation } from 'react-router';
import { useLive } from '../api/live.tsx';
import { useSession } from '../api/queries.ts';
import { DeviceStrip } from './device-strip.tsx';
import { MenuBar, MenuList } from './menu.tsx';
import { allowed } from './navigation.ts';
import { UserMenu } from './user-menu.tsx';

/** The frame of every page: menu, the strip of Figure 6, and the banner that tells when what is shown may be old. */
export function Shell({ children }: { readonly children: ReactNode }) {
  const [opened, { toggle, close }] = useDisclosure(false);
  const { pathname } = useLocation();
  const { connected } = useLive();
  const menu = allowed(useSession().data?.session?.rights ?? []);
  useEffect(() => {
    if (pathname !== '') close();
  }, [pathname, close]);
  return (
    <AppShell
      header={{ height: { base: 92, sm: 96 } }}
      navbar={{ width: 260, breakpoint: 'sm', collapsed: { desktop: true, mobile: !opened } }}
      padding="md"
    >
      <a href="#content" className="skip-link">
        Skip to content
      </a>
      <AppShell.Header>
        <Stack gap={0} h="100%">
          <Group h={56} px="md" justify="space-between" wrap="nowrap">
            <Group gap="lg" wrap="nowrap">
              <Burger opened={opened} onClick={toggle} hiddenFrom="sm" size="sm" aria-label="Menu" />
              <Brand />
              <MenuBar sections={menu} />
            </Group>
            <UserMenu />
          </Group>
          <DeviceStrip />
        </Stack>
      </AppShell.Header>
      <AppShell.Navbar p="md">
        <MenuList sections={menu} />
      </AppShell.Navbar>
      <AppShell.Main id="content">
        <Container size={1600} px={0}>
          {!connected && (
            <Alert
              color="yellow"
              icon={<IconPlugConnectedX />}
              mb="md"
              role="status"
              title="Connection to the concentrator lost"
            >
              What you see may be out of date. The page reconnects by itself; check the network if this stays.
            </Alert>
          )}
          {children}
        </Container>
      </AppShell.Main>
    </AppShell>
  );
}

function Brand() {
  return (
    <Link to="/" style={{ textDecoration: 'none', color: 'inherit' }} aria-label="OpenDCU, home">
      <Group gap={8} wrap="nowrap">
        <Box component="svg" viewBox="0 0 32 32" w={28} h={28} aria-hidden style={{ flexShrink: 0 }}>
          <rect width="32" height="32" rx="8" fill="var(--mantine-color-tide-8)" />
          <path d="M17.5 5 8 18h6l-1.5 9L23 14h-6.5z" fill="#fff" />
        </Box>
        <Text fw={700} size="lg" style={{ letterSpacing: '-0.01em' }}>
          OpenDCU
        </Text>
      </Group>
    </Link>
  );
}
