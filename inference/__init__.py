"""What a person does with layers and with a model of them."""
