import { Button, Group, Menu, NavLink, Stack, Text } from '@mantine/core';
import { IconChevronDown } from '@tabler/icons-react';
import { Link, useLocation } from 'react-router';
import type { Section } from './navigation.ts';

const within = (pathname: string, to: string): boolean => pathname === to || pathname.startsWith(`${to}/`);

/** The menu across the top, from tablets up. */
export function MenuBar({ sections }: { readonly sections: readonly Section[] }) {
  const { pathname } = useLocation();
  return (
    <Group component="nav" gap={4} visibleFrom="sm" wrap="nowrap" aria-label="Main">
      <Button
        component={Link}
        to="/"
        variant={pathname === '/' ? 'light' : 'subtle'}
        color={pathname === '/' ? 'tide' : 'gray'}
        size="sm"
      >
        Home
      </Button>
      {sections.map(({ label, entries }) => {
        const active = entries.some((entry) => within(pathname, entry.to));
        return (
          <Menu key={label} trigger="click-hover" openDelay={60} closeDelay={120} position="bottom-start">
            <Menu.Target>
              <Button
                variant={active ? 'light' : 'subtle'}
                color={active ? 'tide' : 'gray'}
                size="sm"
                rightSection={<IconChevronDown size={14} />}
              >
                {label}
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {entries.map((entry) => (
                <Menu.Item
                  key={entry.to}
                  component={Link}
                  to={entry.to}
                  fw={within(pathname, entry.to) ? 600 : 400}
                >
                  {entry.label}
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
        );
      })}
    </Group>
  );
}

/** The same menu on a phone. */
export function MenuList({ sections }: { readonly sections: readonly Section[] }) {
  const { pathname } = useLocation();
  return (
    <Stack gap="md" component="nav" aria-label="Main">
      <NavLink component={Link} to="/" label="Home" active={pathname === '/'} />
      {sections.map(({ label, entries }) => (
        <div key={label}>
          <Text size="xs" c="dimmed" fw={600} tt="uppercase" px="sm" mb={4}>
            {label}
          </Text>
          {entries.map((entry) => (
            <NavLink
              key={entry.to}
              component={Link}
              to={entry.to}
              label={entry.label}
              active={within(pathname, entry.to)}
            />
          ))}
        </div>
      ))}
    </Stack>
  );
}
