select 1 as id, 'Oslo' as city, 10 as amount
union all
select 2, 'Rome', 20
