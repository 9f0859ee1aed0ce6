/* What programs may use at once. */
#include <finch/budget.h>
#include <finch/machine.h>
#include <finch/syscall.h>
#include <inc/lib.h>

int budget_info(int32_t number, struct info_budget *info)
{
	memset(info, 0, sizeof(*info)); /* can be written from here on: see machine.c */
	int err = sys_info(INFO_BUDGET, (uint32_t)number, info, sizeof(*info));
	return err < 0 ? err : 0;
}

int budget_left(uint32_t *pages_left, uint32_t *envs_left)
{
	struct info_budget own;
	struct info_machine machine;

	if (budget_info(0, &own) == 0) {
		*pages_left = own.pages_limit - own.pages;
		*envs_left = own.envs_limit - own.envs;
		return 0;
	}
	int err = machine_info(&machine);
	if (err < 0)
		return err;
	*pages_left = machine.pages_free;
	*envs_left = machine.envs_limit - machine.envs_live;
	return 0;
}

int budget_end(int32_t number)
{
	int err;

	while ((err = sys_budget_end(number)) == -E_INTERRUPTED)
		continue;
	return err;
}
