void lose(void);
void exit_in_thread(int code);
void exit_raw(void);
void become_another(void);
void fork_children(void);
void lose_in_handler(int times);
