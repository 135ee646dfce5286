/* A library that the driver opens by CUDA_INJECTION64_PATH: it counts. */
int InitializeInjection(void);

extern int tb_test_injections;
int tb_test_injections;

int InitializeInjection(void)
{
    tb_test_injections++;
    return 1;
}
