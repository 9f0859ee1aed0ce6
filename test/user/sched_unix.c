void umain(int argc, char **argv);
void umain(int argc, char **argv) { (void)argc; (void)argv; }
