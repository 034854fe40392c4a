import { Anchor, Text } from '@mantine/core';
import { Link } from 'react-router';
import { Page } from '../parts/page.tsx';

export function NotFound() {
  return (
    <Page title="There is no such page">
      <Text>
        The address is wrong, or what it showed has been deleted.{' '}
        <Anchor component={Link} to="/">
          Go to the home page
        </Anchor>
      </Text>
    </Page>
  );
}
