// SPDX-License-Identifier: Apache-2.0
/* Driver of the H2Learn card: plain C, no libc beyond memcpy and memset, no allocation. Finds the
 * card behind a bus, lays the tensors of a network out in its memories, and trains it with one
 * descriptor per phase and sub-batch, overlapped as in Fig. 10 of the paper. */
#ifndef H2_DRIVER_H
#define H2_DRIVER_H

#include <stddef.h>
#include <stdint.h>

#include "modules/contract/h2_contract.h"
#include "modules/contract/h2_layout.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How the driver reaches the card. Functions return 0 on success. */
typedef struct h2_bus {
  void* context;
  int (*read)(void* context, uint64_t address, void* data, size_t bytes);
  int (*write)(void* context, uint64_t address, const void* data, size_t bytes);
  int (*wait_irq)(void* context); /* sleeps until the interrupt line is up */
  void (*work)(void* context);    /* called once per sub-batch of host computation; may be null */
} h2_bus;

/* Results beside enum h2_error. */
enum h2_driver_error {
  H2_DRV_BUS = 1000,       /* a bus access failed */
  H2_DRV_NOT_FOUND = 1001, /* no card, or another contract version */
  H2_DRV_NO_MEMORY = 1002, /* the network does not fit the card's memories */
  H2_DRV_SCRATCH = 1003,   /* scratch buffer too small: see h2_scratch_bytes() */
  H2_DRV_IRQ = 1004,       /* the interrupt did not come */
  H2_DRV_ARGUMENT = 1005,
  H2_DRV_STOPPED = 1006 /* the source ended the group early; its update was left out */
};

#define H2_DRIVER_RING 16U
/* Of the descriptor ring and, behind it, the completion ring. */
#define H2_DRIVER_RING_BYTES (H2_DRIVER_RING * (sizeof(h2_descriptor) + sizeof(h2_completion)))

typedef struct h2_slot {
  uint32_t tag;
  int done;
  uint8_t opcode;
  h2_completion completion;
} h2_slot;

/* A sub-batch between h2_forward() and h2_update_weights(). */
typedef struct h2_pass {
  uint32_t memory, parity;
  uint32_t samples;   /* whose backward pass is to come; 0: none */
  int open, complete; /* gradients: begun, ready for the update */
} h2_pass;

typedef struct h2_device {
  h2_bus bus;
  uint64_t registers, memories; /* addresses of the card's registers and of its Mem0 */
  uint64_t rings;               /* see h2_place_rings() */
  uint8_t* scratch;
  size_t scratch_bytes;
  uint32_t value_bytes; /* of a stored value: 2 FP16, 4 FP32 */
  uint32_t tile_height, tile_width;
  uint32_t memory_count; /* 3: Mem0..2; 1: Mem0 takes what else lies in Mem1 and Mem2 */
  int shift_decay;       /* the only decay is H2_SHIFT_ALPHA */
  int relu;              /* activations in place of spikes */
  uint64_t memory_bytes; /* of each MemN */
  h2_table table;
  h2_layer layers[H2_MAX_LAYERS];
  h2_neuron neurons[H2_MAX_LAYERS]; /* see h2_load_neurons() */
  uint64_t input[2], gradient[2];   /* addresses of input and loss gradient in Mem0 and Mem1 */
  uint64_t table_address;
  uint64_t used[3]; /* bytes assigned in each MemN */
  uint32_t tail, completion_tail;
  uint32_t next_tag, parity, step;
  int rates; /* the two below are used, see h2_set_rates() */
  float learning_rate, weight_decay;
  uint32_t timeout; /* of register TIMEOUT */
  int locked;       /* windows */
  h2_slot slots[H2_DRIVER_RING];
  h2_completion failure;               /* the last completion with an error */
  uint8_t failure_opcode;              /* enum h2_opcode of its descriptor */
  uint32_t last_error, last_error_tag; /* the last entry taken from the error queue */
  char reason[128];                    /* see h2_reason() */
  h2_pass pass;                        /* see h2_forward() */
} h2_device;

/* Every function checks its arguments before it does anything, and returns H2_DRV_ARGUMENT for one
 * that is illegal: a null pointer, a value or label out of range, a device that was not opened or
 * has no network. h2_reason() then says which and what is legal. */

/* Finds and resets the card, sets the rings up, enables interrupts. `scratch` is memory of the
 * driver's own, at a multiple of 4; it may be null where `scratch_bytes` is 0. */
int h2_open(h2_device* device, const h2_bus* bus, void* scratch, size_t scratch_bytes);
/* The same for card `card` of several on one bus, at H2_CARD_REGS_BASE(card); h2_open() takes card
 * 0. */
int h2_open_card(h2_device* device, const h2_bus* bus, uint32_t card, void* scratch,
                 size_t scratch_bytes);

/* Soft reset: drops what is queued, breaks off what is under way (an update ends first), closes
 * the windows, sets the rings up again. */
int h2_reset(h2_device* device);
/* Soft reset, then the loaded network's table and windows again. Weights stay as they are. */
int h2_recover(h2_device* device);
/* Layers that take longer than this fail with H2_ERR_TIMEOUT; rounded up to 1024, 0: no limit. */
int h2_set_timeout(h2_device* device, uint64_t core_cycles);
/* Rings of H2_DRIVER_RING_BYTES at the system address `rings`, a multiple of 4096, instead of at
 * the bottom of Mem2, for example in RAM of the host (H2_HOST_MEM_BASE), where an interrupt handler
 * sees completions without the bus; 0: in Mem2 again. The card is let into their page: nothing else
 * may lie there. `bus` has to reach them, too. Resets the card and recovers the network as
 * h2_recover() does. */
int h2_place_rings(h2_device* device, uint64_t rings);
/* Step of the last update that the card completed, also after a reset. */
int h2_last_step(h2_device* device, uint32_t* step);
/* After an update that broke off (H2_ERR_WEIGHTS) and h2_write_weights() for every layer: the card
 * takes descriptors again, and the optimiser's steps count from 1. Nothing may be under way. */
int h2_confirm_weights(h2_device* device);

/* The decay for a table's `alpha` where `wanted` is meant: the card's own if it has only one. */
float h2_decay(const h2_device* device, float wanted);
/* Takes the network: `table` without magic, version, sizes and checksum, `layers` without
 * addresses. Assigns an address to every tensor, writes the table, and lets the card reach the
 * memory used. */
int h2_load_network(h2_device* device, const h2_table* table, const h2_layer* layers,
                    uint32_t count);
/* The same with a neuron for each layer instead of the header's; null: the header's. */
int h2_load_neurons(h2_device* device, const h2_table* table, const h2_layer* layers,
                    const h2_neuron* neurons, uint32_t count);
/* Scratch bytes that the loaded network needs; 0 without one. */
size_t h2_scratch_bytes(const h2_device* device);

/* Weights in OIHW order: FP32 master to Mem2, copies to Mem0 and Mem1, optimiser state zero. Each
 * must be finite also as the card stores it. */
int h2_write_weights(h2_device* device, uint32_t layer, const float* oihw);
/* The FP16 (or FP32) weights that the engines use, from Mem0, as stored values in OIHW order. */
int h2_read_weights(h2_device* device, uint32_t layer, void* oihw);

/* FP32 values per weight in Mem2, in OIHW order: the master weights, and what the optimiser keeps,
 * sgd's velocity or adam's two moments. The second moment is adam's alone. */
enum h2_state { H2_STATE_MASTER = 0, H2_STATE_FIRST = 1, H2_STATE_SECOND = 2 };
int h2_read_state(h2_device* device, uint32_t layer, uint32_t state, float* oihw);
/* After h2_write_weights(), which writes the masters and makes the optimiser's values zero. */
int h2_write_state(h2_device* device, uint32_t layer, uint32_t state, const float* oihw);
/* System address of a layer's gradient sums: stored values in the blocked order of its weights. For
 * before_update() of a group; 0 for a layer that there is not. */
uint64_t h2_gradient_address(const h2_device* device, uint32_t layer);
/* Goes on with a training whose weights and optimiser state were written: the next update is step
 * `step` + 1. Before the first update behind h2_open(), h2_reset() or h2_recover(). */
int h2_resume_steps(h2_device* device, uint32_t step);
/* Another factor on the loss gradient, a power of two from 1 to 2^24. Resets the card, so that a
 * group that overflowed is dropped, and writes the network's table again. */
int h2_set_loss_scale(h2_device* device, float loss_scale);

/* Learning rate, 0 to 1000, of the next updates instead of the table's, and their weight decay, 0
 * to 1. With SGD the decay times the weight is added to the gradient, with Adam the weight shrinks
 * by learning rate times decay (AdamW). Until the next network is loaded. */
int h2_set_rates(h2_device* device, float learning_rate, float weight_decay);

/* How a learning rate changes from step to step. */
enum h2_schedule_kind {
  H2_SCHEDULE_CONSTANT = 0,
  H2_SCHEDULE_STEP = 1,  /* times `factor` behind every `every` steps */
  H2_SCHEDULE_COSINE = 2 /* half a cosine from the rate down to `floor` of it after `steps` */
};
typedef struct h2_schedule {
  uint32_t kind;   /* enum h2_schedule_kind */
  float rate;      /* behind the warm-up */
  uint32_t warmup; /* steps in which the rate rises in a line up to `rate`; 0: none */
  uint32_t every;  /* STEP, above 0 */
  float factor;    /* STEP */
  uint32_t steps;  /* COSINE: of the whole training, warm-up included */
  float floor;     /* COSINE: share of the rate, 0 to 1 */
} h2_schedule;
/* Learning rate of update `step`, counted from 1; the same bits on every host. */
float h2_scheduled_rate(const h2_schedule* schedule, uint32_t step);

typedef struct h2_sub_batch {
  const uint8_t* const* samples; /* see h2_pack_input() */
  const uint32_t* labels;        /* below the classes of the last layer; not of h2_infer() */
  uint32_t count;                /* 1..sub_batch */
} h2_sub_batch;

/* Called for each sub-batch in order; returns 0 on success. H2_DRV_STOPPED: what is under way is
 * finished, and the group ends without its update. */
typedef int (*h2_source)(void* context, h2_sub_batch* next);

/* When the optimiser step of a group is submitted: behind its last weight gradient, so that the
 * card updates a layer as soon as its gradient is complete, or when all gradients are. AUTO: FUSED
 * unless something needs the whole gradient first (before_update) or the group may be repeated
 * (rewind and retries). */
enum h2_update { H2_UPDATE_AUTO = 0, H2_UPDATE_FUSED = 1, H2_UPDATE_SEPARATE = 2 };

enum h2_loss { H2_LOSS_MSE = 0, H2_LOSS_CROSS_ENTROPY = 1 };

typedef struct h2_group {
  uint32_t sub_batches, samples; /* in this group; `samples` is the sum over its sub-batches */
  uint32_t loss;                 /* enum h2_loss */
  int overlap;                   /* forward of the next sub-batch beside backward of this one */
  h2_source source;
  void* source_context;
  /* Takes the source back to the start of the group, for another attempt after a reset; null: no
   * other attempt. Returns 0 on success. */
  int (*rewind)(void* context);
  uint32_t retries; /* most further attempts */
  /* Called when the gradients of the group are complete in Mem2, before the update: to combine them
   * with other cards' or to limit them. Null: not called. Not 0: the group ends with
   * H2_DRV_STOPPED, without its update. */
  int (*before_update)(void* context);
  void* update_context;
  uint32_t update; /* enum h2_update */
  /* Samples that the loss is the mean over, where this group is a part of a larger one; 0: samples.
   */
  uint32_t loss_samples;
  /* Results. */
  double loss_sum; /* over the samples */
  uint32_t correct;
  int fused;           /* the update was submitted behind the last weight gradient */
  uint32_t recoveries; /* resets that were needed */
} h2_group;

/* Trains one batch group and updates the weights. */
int h2_train_group(h2_device* device, h2_group* group);

/* Forward only; `predicted` gets one class per sample: most spikes (of a card with ReLU the largest
 * output, of a read-out the largest mean potential), ties to the lowest index. */
int h2_infer(h2_device* device, const h2_sub_batch* batch, uint32_t* predicted);
/* The same; `spikes` gets [sample][class] spikes of the last layer, summed over the timesteps. Not
 * of a card with ReLU, nor of a read-out. */
int h2_infer_spikes(h2_device* device, const h2_sub_batch* batch, uint32_t* predicted,
                    uint32_t* spikes);

/* The passes one by one, for a loss of the caller's own. Forward: `outputs` gets [sample][class]
 * spikes of the last layer, summed over the timesteps; of a read-out or ReLU the mean of its
 * values. */
int h2_forward(h2_device* device, const h2_sub_batch* batch, float* outputs);
/* Backward pass and weight gradients of the sub-batch of the last h2_forward(), before another one
 * has taken its memory. `gradients`: of the loss by these outputs; the loss scale is the driver's
 * business. Gradients of several sub-batches add up until one is the `last`. */
int h2_backward(h2_device* device, const float* gradients, int last);
/* The optimiser's step, behind the last h2_backward(). */
int h2_update_weights(h2_device* device);

/* Submits a descriptor as it is (version, size and tag are filled in when 0) and waits for a tag.
 */
int h2_submit(h2_device* device, h2_descriptor* descriptor);
int h2_wait(h2_device* device, uint32_t tag);

const char* h2_error_text(int error);
/* More about the last error of a call on this device, as "labels[2] is 12: legal are 0 to 3"; ""
 * if there is no more than h2_error_text() says. Valid until the next call. */
const char* h2_reason(const h2_device* device);

#ifdef __cplusplus
}
#endif
#endif
