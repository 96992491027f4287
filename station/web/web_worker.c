/* One thread for what may wait for a disk, so that whoever looks at the line does not. */
#include "station/web/web_priv.h"

static void answer(struct web *w, struct web_task *task)
{
    task->route->answer(w, task->request, task->reply);
    pthread_mutex_lock(&w->worker.lock);
    task->done = true;
    task->ready(task->ctx);
    pthread_mutex_unlock(&w->worker.lock);
}

static struct web_task *take(struct web_worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    while (!worker->first && !worker->stopping)
        pthread_cond_wait(&worker->more, &worker->lock);
    struct web_task *task = worker->first;
    if (task) {
        worker->first = task->next;
        worker->count--;
    }
    pthread_mutex_unlock(&worker->lock);
    return task;
}

static void *work(void *ctx)
{
    struct web *w = ctx;
    struct web_task *task;
    while ((task = take(&w->worker)))
        answer(w, task);
    return NULL;
}

bool web_worker_start(struct web *w, struct err *e)
{
    const int status = pthread_create(&w->worker.thread, NULL, work, w);
    w->worker.runs = status == 0;
    return w->worker.runs ||
           err_set_sys(e, ERR_STATION, status, "There is no thread for the page's questions");
}

/* Answers what waits, and ends. */
void web_worker_stop(struct web *w)
{
    pthread_mutex_lock(&w->worker.lock);
    w->worker.stopping = true;
    pthread_cond_signal(&w->worker.more);
    pthread_mutex_unlock(&w->worker.lock);
    if (w->worker.runs)
        pthread_join(w->worker.thread, NULL);
    w->worker.runs = false;
}

bool web_worker_put(struct web *w, struct web_task *task)
{
    struct web_worker *worker = &w->worker;
    pthread_mutex_lock(&worker->lock);
    const bool may = worker->count < WEB_QUEUE_MAX && !worker->stopping;
    if (may) {
        task->next = NULL;
        if (worker->first)
            worker->last->next = task;
        else
            worker->first = task;
        worker->last = task;
        worker->count++;
        pthread_cond_signal(&worker->more);
    }
    pthread_mutex_unlock(&worker->lock);
    return may;
}

bool web_worker_is_done(struct web *w, const struct web_task *task)
{
    pthread_mutex_lock(&w->worker.lock);
    const bool done = task->done;
    pthread_mutex_unlock(&w->worker.lock);
    return done;
}
