import type { Hex } from 'viem'

/**
 * Contracts of our own that speak the documented interface of CCTP V2 and of USDC, as far as a transfer goes. Anybody may
 * mint the coin, which is how tests fill a wallet.
 */
const SOURCE = `
pragma solidity ^0.8.20;

contract Usdc {
  uint8 public constant decimals = 6;
  mapping(address => uint256) public balanceOf;
  mapping(address => mapping(address => uint256)) public allowance;

  function approve(address spender, uint256 value) external returns (bool) {
    allowance[msg.sender][spender] = value;
    return true;
  }
  function transferFrom(address from, address to, uint256 value) external returns (bool) {
    require(allowance[from][msg.sender] >= value, "ERC20: transfer amount exceeds allowance");
    require(balanceOf[from] >= value, "ERC20: transfer amount exceeds balance");
    allowance[from][msg.sender] -= value;
    balanceOf[from] -= value;
    balanceOf[to] += value;
    return true;
  }
  function mint(address to, uint256 value) external { balanceOf[to] += value; }
  function burn(uint256 value) external { balanceOf[msg.sender] -= value; }
}

contract Messenger {
  Usdc public usdc;
  Transmitter public transmitter;
  address public feeRecipient;

  event DepositForBurn(address indexed burnToken, uint256 amount, address indexed depositor, bytes32 mintRecipient,
    uint32 destinationDomain, bytes32 destinationTokenMessenger, bytes32 destinationCaller, uint256 maxFee,
    uint32 indexed minFinalityThreshold, bytes hookData);
  event MintAndWithdraw(address indexed mintRecipient, uint256 amount, address indexed mintToken, uint256 feeCollected);

  function setUp(Usdc usdc_, Transmitter transmitter_, address feeRecipient_) external {
    (usdc, transmitter, feeRecipient) = (usdc_, transmitter_, feeRecipient_);
  }

  function depositForBurn(uint256 amount, uint32 domain, bytes32 recipient, address token, bytes32 caller,
    uint256 maxFee, uint32 threshold) external {
    require(amount > 0, "Amount must be nonzero");
    require(amount <= 10_000_000e6, "Burn amount exceeds per tx limit");
    require(recipient != bytes32(0), "Mint recipient must be nonzero");
    require(maxFee < amount, "Max fee must be less than amount");
    require(token == address(usdc), "Burn token not supported");
    usdc.transferFrom(msg.sender, address(this), amount);
    usdc.burn(amount);
    bytes memory body = abi.encodePacked(uint32(1), bytes32(uint256(uint160(token))), recipient, amount,
      bytes32(uint256(uint160(msg.sender))), maxFee, uint256(0), uint256(0));
    bytes32 remote = bytes32(uint256(uint160(address(this))));
    transmitter.sendMessage(domain, remote, caller, threshold, body);
    emit DepositForBurn(token, amount, msg.sender, recipient, domain, remote, caller, maxFee, threshold, "");
  }

  function handle(bytes calldata body) external {
    require(msg.sender == address(transmitter), "Invalid message transmitter");
    uint256 expiration = uint256(bytes32(body[196:228]));
    require(expiration == 0 || expiration > block.number, "Message expired and must be re-signed");
    uint256 amount = uint256(bytes32(body[68:100]));
    uint256 fee = uint256(bytes32(body[164:196]));
    require(fee == 0 || fee < amount, "Fee equals or exceeds amount");
    require(fee <= uint256(bytes32(body[132:164])), "Fee exceeds max fee");
    address recipient = address(uint160(uint256(bytes32(body[36:68]))));
    usdc.mint(recipient, amount - fee);
    if (fee > 0) usdc.mint(feeRecipient, fee);
    emit MintAndWithdraw(recipient, amount - fee, address(usdc), fee);
  }
}

contract Transmitter {
  uint32 public domain;
  Messenger public messenger;
  address public attester;
  mapping(bytes32 => uint256) public usedNonces;

  event MessageSent(bytes message);
  event MessageReceived(address indexed caller, uint32 sourceDomain, bytes32 indexed nonce, bytes32 sender,
    uint32 indexed finalityThresholdExecuted, bytes messageBody);

  function setUp(uint32 domain_, Messenger messenger_, address attester_) external {
    (domain, messenger, attester) = (domain_, messenger_, attester_);
  }

  function sendMessage(uint32 to, bytes32 recipient, bytes32 caller, uint32 threshold, bytes calldata body) external {
    require(to != domain, "Domain is local domain");
    bytes32 sender = bytes32(uint256(uint160(msg.sender)));
    emit MessageSent(abi.encodePacked(uint32(1), domain, to, bytes32(0), sender, recipient, caller, threshold,
      uint32(0), body));
  }

  function receiveMessage(bytes calldata message, bytes calldata attestation) external returns (bool) {
    require(attestation.length == 65, "Invalid attestation length");
    bytes32 digest = keccak256(message);
    address signer = ecrecover(digest, uint8(attestation[64]), bytes32(attestation[0:32]), bytes32(attestation[32:64]));
    require(signer != address(0) && signer == attester, "Invalid signature: not attester");
    require(uint32(bytes4(message[0:4])) == 1, "Invalid message version");
    require(uint32(bytes4(message[8:12])) == domain, "Invalid destination domain");
    bytes32 caller = bytes32(message[108:140]);
    require(caller == bytes32(0) || caller == bytes32(uint256(uint160(msg.sender))), "Invalid caller for message");
    bytes32 nonce = bytes32(message[12:44]);
    require(usedNonces[nonce] == 0, "Nonce already used");
    usedNonces[nonce] = 1;
    messenger.handle(message[148:]);
    emit MessageReceived(msg.sender, uint32(bytes4(message[4:8])), nonce, bytes32(message[44:76]),
      uint32(bytes4(message[144:148])), message[148:]);
    return true;
  }
}
`

const NAMES = ['Usdc', 'Messenger', 'Transmitter'] as const
type Name = (typeof NAMES)[number]

interface Output {
  errors?: { severity: string; formattedMessage: string }[]
  contracts: { cctp: Record<Name, { evm: { deployedBytecode: { object: string } } }> }
}

let compiled: Promise<Record<Name, Hex>> | undefined

const compile = async (): Promise<Record<Name, Hex>> => {
  const { default: solc } = (await import('solc')) as { default: { compile(input: string): string } }
  const settings = {
    optimizer: { enabled: false },
    evmVersion: 'cancun',
    outputSelection: { '*': { '*': ['evm.deployedBytecode.object'] } },
  }
  const input = { language: 'Solidity', sources: { cctp: { content: SOURCE } }, settings }
  const { errors = [], contracts } = JSON.parse(solc.compile(JSON.stringify(input))) as Output
  const fatal = errors.filter(({ severity }) => severity === 'error')
  if (fatal.length > 0) throw new Error(fatal.map(({ formattedMessage }) => formattedMessage).join('\n'))
  const code = (name: Name): Hex => `0x${contracts.cctp[name].evm.deployedBytecode.object}`
  return { Usdc: code('Usdc'), Messenger: code('Messenger'), Transmitter: code('Transmitter') }
}

/** The code of the contracts as a chain keeps it; compiled once. */
export const contractCode = (): Promise<Record<Name, Hex>> => {
  compiled ??= compile()
  return compiled
}
