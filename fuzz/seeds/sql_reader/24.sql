data changes inside WITH;
{text}: {statements:?};
select 1;;
-- only a comment
/* and /* nested */ another */;
