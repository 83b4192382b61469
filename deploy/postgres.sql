-- Run once by compose.yaml's PostgreSQL, when its volume is empty. The program owns its database and is no superuser, so
-- that whoever gets into it gets no further.
\getenv password RATELOCK_DB_PASSWORD
create role ratelock login password :'password';
create database ratelock owner ratelock;
