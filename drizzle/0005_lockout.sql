CREATE TABLE `protected_ports` (
	`port` text PRIMARY KEY NOT NULL,
	`mode` text NOT NULL,
	`failures` integer NOT NULL
);
--> statement-breakpoint
ALTER TABLE `login_failures` ADD `port` text DEFAULT 'gui' NOT NULL;--> statement-breakpoint
ALTER TABLE `login_failures` ADD `blocks` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
UPDATE `login_failures` SET `port` = 'tcp_server', `subject` = 'hes:tcp_server/' || substr(`subject`, 12) WHERE `subject` LIKE 'tcp\_server:%' ESCAPE '\';
