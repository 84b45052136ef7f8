-- Tables as other people make them: every type, several character sets, keys that do not tell upper from lower case, numbers that
-- the database gives, triggers, views, and tables without a key.
ALTER DATABASE CHARACTER SET latin1;
SET sql_mode = '';
CREATE TABLE kinds (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  flag TINYINT(1) NOT NULL DEFAULT 1, bit1 BIT(1), bits BIT(9), bits64 BIT(64),
  tiny TINYINT, tinyu TINYINT UNSIGNED, small SMALLINT, smallu SMALLINT UNSIGNED, medium MEDIUMINT, mediumu MEDIUMINT UNSIGNED,
  whole INT, wholeu INT UNSIGNED, big BIGINT, bigu BIGINT UNSIGNED, exact DECIMAL(12,3), approximate FLOAT, precise DOUBLE,
  born YEAR, day DATE NOT NULL DEFAULT '0000-00-00', at TIME(3), noted DATETIME(6), seen TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP,
  code CHAR(3) CHARACTER SET latin1, name VARCHAR(40) CHARACTER SET utf8mb3 NOT NULL DEFAULT 'it''s', body TEXT,
  size ENUM('s','m','l') DEFAULT 'm', tags SET('a','b'), doc JSON, short BINARY(4), raw VARBINARY(16), blobby BLOB, place POINT,
  total DECIMAL(12,3) GENERATED ALWAYS AS (exact * 2) STORED, shout VARCHAR(60) GENERATED ALWAYS AS (concat(name, '!')) VIRTUAL,
  CONSTRAINT positive CHECK (whole >= 0 AND name <> ''), CONSTRAINT pattern CHECK (body REGEXP '.'),
  UNIQUE KEY name (name), KEY born (born), KEY body (body(20)), FULLTEXT KEY words (body)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci COMMENT='All kinds';
CREATE TABLE notes (kind BIGINT UNSIGNED, note TEXT COMMENT 'free; text', KEY name (kind),
  CONSTRAINT about FOREIGN KEY (kind) REFERENCES kinds (id) ON DELETE CASCADE);
CREATE TABLE countries (code CHAR(2) PRIMARY KEY, title VARCHAR(30), UNIQUE KEY name (title));
CREATE TABLE cities (id INT AUTO_INCREMENT PRIMARY KEY, country CHAR(2), name VARCHAR(30), token CHAR(36) DEFAULT (uuid()),
  FOREIGN KEY (country) REFERENCES countries (code));
CREATE TABLE audit (what TEXT);
CREATE VIEW loud AS SELECT id, upper(name) AS name FROM kinds;
CREATE TRIGGER cities_come BEFORE INSERT ON cities FOR EACH ROW INSERT INTO audit VALUES (concat('new ', NEW.name));
CREATE TRIGGER cities_stay BEFORE DELETE ON cities FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'cities stay';
INSERT INTO kinds (id, flag, bit1, bits, bits64, tinyu, wholeu, bigu, exact, born, at, noted, seen, code, name, body, size, tags, doc, raw)
  VALUES (1, 7, b'1', 300, 18446744073709551615, 255, 4294967295, 18446744073709551615, 1.5, 2024, '12:30:00.250',
    '2024-02-29 10:00:00.123456', NULL, 'É', 'Zoë', 'b', 'l', 'a,b', '{"b": 1,"a":2}', x'00ff');
INSERT INTO kinds (id, name, at) VALUES (2, 'late', '99:00:00');
INSERT INTO notes VALUES (1, 'one');
INSERT INTO countries VALUES ('DE', 'Germany'), ('FR', 'France');
INSERT INTO cities (country, name) VALUES ('DE', 'Berlin'), ('de', 'Bonn');
